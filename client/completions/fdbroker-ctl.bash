# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of fdbroker-ctl for bash, by means of bash-completion. Commands and options are what --help says, so
# nothing here is to be changed when one is added; tasks and descriptors come from the images of -D, jobs from the broker.

# The long options that a command has, with those of every command. In `...` are those of others.
_fdbroker_ctl_options() { # command
	{ fdbroker-ctl --help; fdbroker-ctl "$1" --help; } 2>/dev/null | sed 's/`[^`]*`//g' |
		grep -oE -- '--[a-z][a-z-]*' | sort -u
}

_fdbroker_ctl_commands() {
	fdbroker-ctl --help 2>/dev/null | sed -nE '/^Options/q; s/^  ([a-z]+) .*/\1/p'
}

# The value of an option on the line: the last one.
_fdbroker_ctl_value() { # option...
	local i option found=

	for ((i = 1; i < ${#words[@]}; i++)); do
		for option in "$@"; do
			[[ ${words[i]} != "$option" ]] || found=${words[i + 1]-}
			[[ ${words[i]} != "$option"=* ]] || found=${words[i]#*=}
		done
	done
	[[ -n $found ]] && printf '%s\n' "${found/#\~\//$HOME/}"
}

# Names that --fd lends on this line.
_fdbroker_ctl_lent() {
	local i word

	for ((i = 1; i < ${#words[@]}; i++)); do
		word=
		[[ ${words[i]} != --fd ]] || word=${words[i + 1]-}
		[[ ${words[i]} != --fd=* ]] || word=${words[i]#--fd=}
		[[ $word != *=* ]] || printf '%s\n' "${word%%=*}"
	done
}

# "TASK.DESCRIPTOR" of the images of -D; --tasks: "TASK".
_fdbroker_ctl_images() { # [--tasks]
	local dir

	dir=$(_fdbroker_ctl_value -D --images-dir) || return
	fdbroker-ctl inspect -D "$dir" --json=short 2>/dev/null |
		grep -oE '"tasks":\[[0-9,]+\],"descriptors":\[[^]]*\]' |
		awk -v only="$1" '{
			split($0, half, /"descriptors":/)
			gsub(/[^0-9,]/, "", half[1])
			n = split(half[1], tasks, ",")
			for (i = 1; i <= n; i++) {
				if (tasks[i] == "") continue
				if (only == "--tasks") { print tasks[i]; continue }
				rest = half[2]
				while (match(rest, /"fd":[0-9]+/)) {
					print tasks[i] "." substr(rest, RSTART + 5, RLENGTH - 5)
					rest = substr(rest, RSTART + RLENGTH)
				}
			}
		}'
}

_fdbroker_ctl_states() {
	fdbroker-ctl list --help 2>/dev/null | sed -nE '/--state/,/--user/{/--user/d; s/.*these: //; s/[, ]+/\n/g; p;}' |
		grep .
}

_fdbroker_ctl_keys() {
	fdbroker-ctl config --json=short 2>/dev/null | grep -oE '"key":"[A-Za-z]+' | sed 's/.*"//' | sort -u
}

_fdbroker_ctl_jobs() { # option of list...
	fdbroker-ctl list --json=short "$@" 2>/dev/null | grep -oE '"job":[0-9]+' | grep -oE '[0-9]+'
}

# What may stand here, one a line; files and directories are said by the exit status: 10 and 11.
_fdbroker_ctl_candidates() { # command option
	local name
	case $2 in
	-D | --images-dir | -W | --work-dir) return 11 ;;
	--socket | --criu | --mappings | --root | -r) return 10 ;;
	--json) printf '%s\n' pretty short off ;;
	--task) _fdbroker_ctl_images --tasks ;;
	--reopen) _fdbroker_ctl_lent ;;
	--at) _fdbroker_ctl_lent | sed 's/$/=/' ;;
	--map)
		[[ $cur == *=* ]] || { _fdbroker_ctl_images | sed 's/$/=/' && return; }
		while read -r name; do
			printf '%s=%s\n' "${cur%%=*}" "$name"
		done < <(_fdbroker_ctl_lent)
		;;
	--state) _fdbroker_ctl_states ;;
	--user) compgen -u ;;
	--fd) [[ $cur != *=* ]] || return 10 ;;
	--deadline | --at-own-risk | --inherit-fd | --criu-opt) ;;
	*)
		case $cur.$1 in
		-*.*) _fdbroker_ctl_options "$1" ;;
		*.) _fdbroker_ctl_commands ;;
		*.show | *.wait | *.log | *.watch) _fdbroker_ctl_jobs ;;
		*.cancel) _fdbroker_ctl_jobs --state accepted,planned,queued,starting,restoring ;;
		*.config) _fdbroker_ctl_keys ;;
		esac
		;;
	esac
}

_fdbroker_ctl() {
	local cur prev words cword command='' option status=0 list before i

	# A whole word each, also with = and : in it.
	_init_completion -n =: || return
	for ((i = 1; i < cword; i++)); do
		case ${words[i]} in
		--socket | --criu) ((i++)) ;;
		-*) ;;
		*) command=${words[i]} && break ;;
		esac
	done
	option=$prev
	# --json's value is optional: it is there only with =.
	[[ $option != --json ]] || option=
	[[ $cur != --*=* ]] || { option=${cur%%=*} && cur=${cur#*=}; }
	list=$(_fdbroker_ctl_candidates "$command" "$option") || status=$?
	before=${cur%"${cur##*[=:]}"}
	case $status in
	10) cur=${cur#"$before"} && _filedir && return ;;
	11) _filedir -d && return ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$list" -- "$cur")
	# bash takes = and : for ends of words: it wants what comes after them.
	COMPREPLY=("${COMPREPLY[@]#"$before"}")
	[[ ${#COMPREPLY[@]} != 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace
}

complete -F _fdbroker_ctl fdbroker-ctl
