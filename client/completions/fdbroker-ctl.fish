# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of fdbroker-ctl for fish. Commands and options are what --help says, so nothing here is to be changed when
# one is added; tasks and descriptors come from the images of -D, jobs from the broker.

function __fdbroker_ctl_commands
    fdbroker-ctl --help 2>/dev/null | sed -nE '/^Options/q; s/^  ([a-z]+)( [^ ]+)*  +(.*)/\1\t\3/p'
end

function __fdbroker_ctl_command
    set -l commands (__fdbroker_ctl_commands | string replace -r '\t.*' '')
    for word in (commandline -opc)[2..-1]
        if contains -- $word $commands
            echo $word
            return 0
        end
    end
    return 1
end

function __fdbroker_ctl_options
    begin
        fdbroker-ctl --help
        set -l command (__fdbroker_ctl_command); and fdbroker-ctl $command --help
    end 2>/dev/null | sed 's/`[^`]*`//g' | grep -oE -- '--[a-z][a-z-]*' | sort -u
end

function __fdbroker_ctl_states
    fdbroker-ctl list --help 2>/dev/null | sed -nE '/--state/,/--user/{/--user/d; s/.*these: //; s/[, ]+/\n/g; p;}' |
        grep .
end

function __fdbroker_ctl_keys
    fdbroker-ctl config --json=short 2>/dev/null | string match -ra '"key":"[A-Za-z]+' | string replace '"key":"' '' | sort -u
end

# The word after an option of the line.
function __fdbroker_ctl_values
    set -l words (commandline -opc)
    for i in (seq (count $words))
        if contains -- $words[$i] $argv; and test $i -lt (count $words)
            echo $words[(math $i + 1)]
        end
    end
end

function __fdbroker_ctl_lent
    __fdbroker_ctl_values --fd | string match -r '^[^=]+(?==)'
end

function __fdbroker_ctl_images
    set -l dir (__fdbroker_ctl_values -D --images-dir)
    test (count $dir) -gt 0; or return
    fdbroker-ctl inspect -D $dir[-1] --json=short 2>/dev/null |
        string match -ra '"tasks":\[[0-9,]+\],"descriptors":\[[^]]*\]' | while read -l table
        for task in (string match -r '"tasks":\[([0-9,]+)\]' -- $table | tail -n 1 | string split ,)
            string match -ra '"fd":[0-9]+' -- $table | string replace '"fd":' $task.
        end
    end
end

function __fdbroker_ctl_targets
    set -l targets (__fdbroker_ctl_images)
    for target in $targets
        set -l lent (__fdbroker_ctl_lent)
        test (count $lent) -gt 0; or echo $target=
        printf '%s\n' $target=$lent
    end
end

function __fdbroker_ctl_jobs
    fdbroker-ctl list --json=short $argv 2>/dev/null | string match -ra '"job":[0-9]+' | string replace '"job":' ''
end

complete -c fdbroker-ctl -f
complete -c fdbroker-ctl -n 'not __fdbroker_ctl_command >/dev/null' -a '(__fdbroker_ctl_commands)'
complete -c fdbroker-ctl -n 'string match -q -- "-*" (commandline -ct)' -a '(__fdbroker_ctl_options)'
complete -c fdbroker-ctl -n 'contains -- (__fdbroker_ctl_command) show wait log watch' -a '(__fdbroker_ctl_jobs)'
complete -c fdbroker-ctl -n 'contains -- (__fdbroker_ctl_command) cancel' \
    -a '(__fdbroker_ctl_jobs --state accepted,planned,queued,starting,restoring)'
complete -c fdbroker-ctl -n 'contains -- (__fdbroker_ctl_command) config' -a '(__fdbroker_ctl_keys)'
complete -c fdbroker-ctl -l state -x -a '(__fdbroker_ctl_states)'
complete -c fdbroker-ctl -l user -x -a '(__fish_complete_users)'
complete -c fdbroker-ctl -s D -l images-dir -x -a '(__fish_complete_directories)'
complete -c fdbroker-ctl -s W -l work-dir -x -a '(__fish_complete_directories)'
complete -c fdbroker-ctl -l socket -r -F
complete -c fdbroker-ctl -l criu -r -F
complete -c fdbroker-ctl -l mappings -r -F
complete -c fdbroker-ctl -l fd -r -F
complete -c fdbroker-ctl -l map -x -a '(__fdbroker_ctl_targets)'
complete -c fdbroker-ctl -l task -x -a '(__fdbroker_ctl_images | string replace -r "\..*" "" | sort -u)'
complete -c fdbroker-ctl -l at -x -a '(__fdbroker_ctl_lent)='
complete -c fdbroker-ctl -l reopen -x -a '(__fdbroker_ctl_lent)'
complete -c fdbroker-ctl -l json -a 'pretty short off'
