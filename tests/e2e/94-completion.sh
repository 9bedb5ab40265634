#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of fdbroker-ctl: each shell's own function is asked what may come next.
. "$(dirname "$0")/lib.sh"

completions=$e2e_top/client/completions
sharer=$e2e_top/tests/unit/data/sharer
PATH=$e2e_build:$PATH

# bash gives a function the words as it splits them, also at = and :.
bash_words() { # line
	local line=$1

	COMP_LINE=$line COMP_POINT=${#line}
	read -ra COMP_WORDS <<<"$(sed -E 's/([=:]+)/ \1 /g' <<<"$line")"
	[[ $line != *[\ =:] ]] || COMP_WORDS+=("")
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
}

# What bash offers after a line.
in_bash() { # line
	(
		set +eu
		trap - ERR
		# shellcheck disable=SC1091 # not there where shellcheck runs
		. /usr/share/bash-completion/bash_completion
		# shellcheck disable=SC1091 # a path of its own
		. "$completions/fdbroker-ctl.bash"
		complete -p fdbroker-ctl >/dev/null || echo "no completion"
		# shellcheck disable=SC2317 # called by what is sourced: there is no completion going on here
		compopt() { :; }
		bash_words "$1"
		_fdbroker_ctl fdbroker-ctl "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
		echo "${COMPREPLY[*]}"
	)
}

in_fish() { # line
	fish --no-config -c "source $completions/fdbroker-ctl.fish; complete -C \"$1\"" | cut -f1 | tr '\n' ' ' | sed 's/ $//'
}

# zsh's function outside of its line editor: what it would add, a word each.
in_zsh() { # line
	zsh -f -c '
		compset() {
			[[ $PREFIX == ${~2}* ]] || return 1
			PREFIX=${PREFIX##${~2}}
		}
		compadd() {
			local -a all=("${(@)@:#(-S|=|--)}")
			all=("${(@M)all:#${PREFIX}*}")
			(( $#all == 0 )) || print -rn -- "${(j: :)all} "
		}
		_describe() {
			local name
			for name in ${(P)2}; do compadd -- ${name%%:*}; done
		}
		_files() { compadd -- FILES; }
		words=("${(@s: :)2}") CURRENT=${#words}
		PREFIX=$words[CURRENT]
		source "$1"
	' - "$completions/_fdbroker-ctl" "$1" | sed 's/ $//'
}

# The commands and options of --help, as one line.
commands() {
	"$CTL" --help | sed -nE '/^Options/q; s/^  ([a-z]+) .*/\1/p' | tr '\n' ' ' | sed 's/ $//'
}

everywhere() { # shell
	local all

	all=$(commands)
	assert_match "the commands" "$all" "inspect.*plan.*restore.*log.*drain"
	assert_eq "all commands" "$("in_$1" "fdbroker-ctl " | tr ' ' '\n' | sort)" "$(tr ' ' '\n' <<<"$all" | sort)"
	assert_eq "a command" "$("in_$1" "fdbroker-ctl insp")" inspect
	assert_eq "an option of it" "$("in_$1" "fdbroker-ctl inspect --bri")" --brief
	assert_eq "an option of all" "$("in_$1" "fdbroker-ctl inspect --soc")" --socket
	assert_eq "tasks" "$("in_$1" "fdbroker-ctl inspect -D $sharer --task " | tr ' ' '\n' | sort | tr '\n' ' ')" "13 17 18 "
	# bash and fish add the = themselves, zsh as a suffix.
	assert_match "descriptors" "$("in_$1" "fdbroker-ctl plan -D $sharer --map 17.")" "^17.0=? 17.1.* 17.7=?$"
	assert_match "a lent name" "$("in_$1" "fdbroker-ctl plan -D $sharer --fd log=/x --fd out=/y --map 17.4=l")" "^(17.4=)?log$"
	assert_match "a lent name" "$("in_$1" "fdbroker-ctl plan --fd log=/x --at l")" "^log=?$"
	assert_eq "another command's options" "$("in_$1" "fdbroker-ctl restore --exit")$("in_$1" "fdbroker-ctl list --needs")" ""
	assert_eq "states" "$("in_$1" "fdbroker-ctl list --state r" | tr ' ' '\n' | sort | tr '\n' ' ')" "restoring running "
	start_broker
	assert_eq "settings" "$("in_$1" "fdbroker-ctl config MaxPlann")" MaxPlanners
	assert_status 3 ctl restore -D /etc
	assert_eq "a job" "$("in_$1" "fdbroker-ctl show ")" 1
	assert_eq "no job that can be cancelled" "$("in_$1" "fdbroker-ctl cancel ")" ""
	stop_broker
	assert_eq "no images" "$("in_$1" "fdbroker-ctl plan -D /none --map ")" ""
}

test_bash() {
	everywhere bash
	assert_eq "how JSON" "$(in_bash "fdbroker-ctl inspect --json=")" "pretty short off"
	assert_eq "a file to lend" "$(cd "$e2e_top" && in_bash "fdbroker-ctl plan --fd log=Makef")" Makefile
	assert_eq "a directory" "$(cd "$e2e_top" && in_bash "fdbroker-ctl plan -D tests/un")" tests/unit
}

test_zsh() {
	everywhere zsh
}

test_fish() {
	everywhere fish
}

e2e_main "$@"
