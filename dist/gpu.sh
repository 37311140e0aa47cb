#!/usr/bin/env bash
# Steps of a workflow on a machine of the Dispersed network, over ssh. Started as `gpu`, `gpu-2`, …:
# its name is that of the host in the file `config` beside its folder.
set -euo pipefail

# A text as one word of a shell.
quote() {
  local single="'" escaped="'\\''"
  printf "'%s'" "${1//$single/$escaped}"
}

# The variables that GPU_ENV names, read before there are others here.
gpu_list=${GPU_ENV:-} gpu_exports='' gpu_problem=''
set -f
for gpu_variable in ${gpu_list//,/ }; do
  if ! [[ $gpu_variable =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]]; then
    gpu_problem="GPU_ENV: $gpu_variable is not the name of a variable"
  elif [ -z "${!gpu_variable+set}" ]; then
    gpu_problem="GPU_ENV names $gpu_variable, which is not set in this step"
  else
    gpu_exports+="export $gpu_variable=$(quote "${!gpu_variable}")"$'\n'
  fi
done
set +f

name=$(basename -- "$0")
config=$(cd -- "$(dirname -- "$0")/.." && pwd)/config
# Files that macOS would add to an archive.
export COPYFILE_DISABLE=1

usage() {
  cat <<TEXT
Runs commands on the GPU machine of this job, in ~/work.

  $name push [PATH...]             send files, each to the same place below ~/work (default: .)
                                  without .git and what the patterns in .gpuignore match
  $name pull PATH... [--to DIR]    bring files of ~/work back, below the current folder or DIR
  $name run COMMAND...             run one command
  $name ssh                        log in, in a step for debugging
  $name FILE [ARGUMENT...]         run a script: use it as \`shell: $name {0}\`

Variables of the step that GPU_ENV names (GPU_ENV: HF_TOKEN,EPOCHS) are set there. What is written to
\$GITHUB_OUTPUT and \$GITHUB_STEP_SUMMARY there is added to those of the step. A process that is to go
on after its step needs a file for what it prints: server >server.log 2>&1 &
TEXT
}

fail() {
  echo "$name: $1" >&2
  exit "${2:-2}"
}

machine() {
  ssh -F "$config" "$name" "$@"
}

lost() {
  fail "the connection to the machine was lost: it may have been stopped, or have failed. Check the log of the step that cooked the job" 255
}

# What the machine prints must not give commands to the runner.
guard=
pause_commands() {
  [ "${GITHUB_ACTIONS:-}" = true ] && [ ! -t 1 ] || return 0
  guard=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  exec 3>&2
  # One stream, or the runner may read the end of it before what was printed as errors.
  is_captured || exec 2>&1 3>&1
  echo "::stop-commands::$guard" >&3
}
# Whether what is printed goes to the shell of the step and not to the runner, as in x=$(gpu run ...).
is_captured() {
  local parent=/proc/$PPID
  [[ $(cat $parent/comm 2>/dev/null || true) =~ ^(ba|da|z|)sh$ ]] && [ -e $parent/fd/1 ] && ! [ $parent/fd/1 -ef /proc/$$/fd/1 ]
}
resume_commands() {
  # The last line of the machine may have no end.
  [ -z "$guard" ] || printf '\n::%s::\n' "$guard" >&3
}

# Paths of push and pull stay below the current folder.
check_path() {
  case "/$2/" in
    //* | */../*) fail "$1: $2 is not a path below the current folder" ;;
    */.[gG][iI][tT]/*) fail "$1: $2 is in .git, which is neither sent nor brought back" ;;
  esac
}

push() {
  local status
  [ $# -gt 0 ] || set -- .
  for path in "$@"; do
    check_path push "$path"
    [ -e "$path" ] || [ -L "$path" ] || fail "push: $path does not exist"
  done
  local options=(--exclude=.git)
  # As in .gitignore, a slash at the end is no part of the name.
  if [ -f .gpuignore ]; then
    while IFS= read -r line || [ -n "$line" ]; do
      case $line in '' | '#'*) ;; *) options+=("--exclude=${line%/}") ;; esac
    done <.gpuignore
  fi
  set +e
  tar "${options[@]}" -cf - -- "${@/#/./}" | machine 'mkdir -p ~/work && tar -C ~/work -xpof -'
  status=("${PIPESTATUS[@]}")
  set -e
  [ "${status[1]}" != 255 ] || lost
  [ "${status[1]}" = 0 ] || fail "push: the machine could not unpack the files (exit code ${status[1]})"
  [ "${status[0]}" = 0 ] || fail "push: tar could not read all files (exit code ${status[0]})"
  echo "Pushed $* to ~/work"
}

pull() {
  local to=. paths=() words='' status
  while [ $# -gt 0 ]; do
    case $1 in
      --to) [ $# -gt 1 ] || fail 'pull: --to needs a folder'; to=$2; shift ;;
      --to=*) to=${1#--to=} ;;
      *) set -- "${1%/.}" "${@:2}"; check_path pull "$1"; paths+=("$1"); words+=" $(quote "./$1")" ;;
    esac
    shift
  done
  [ ${#paths[@]} -gt 0 ] || fail 'pull: name the files of ~/work to bring back, such as: pull out'
  machine "cd ~/work || exit 4; for p in$words; do [ -e \"\$p\" ] || [ -L \"\$p\" ] || { echo \"\${p#./} is not in ~/work on the machine\" >&2; exit 3; }; done" </dev/null || {
    [ $? != 255 ] || lost
    fail 'pull: not all of these files are on the machine'
  }
  mkdir -p -- "$to"
  # Unpacked in a new folder and looked at, before anything is where a link could lead elsewhere.
  folder=$(mktemp -d -- "$to/.gpu-pull.XXXXXX")
  set +e
  machine "cd ~/work && tar -cf - --$words" </dev/null | tar -C "$folder" --exclude='.[gG][iI][tT]' -xof -
  status=("${PIPESTATUS[@]}")
  set -e
  [ "${status[0]}" != 255 ] || lost
  [ "${status[0]}" = 0 ] || fail "pull: the machine could not pack the files (exit code ${status[0]})"
  [ "${status[1]}" = 0 ] || fail "pull: the files could not be unpacked (exit code ${status[1]})"
  check_pulled "$folder"
  for path in "${paths[@]}"; do
    ! { is_behind_link "$folder" "$path" || is_behind_link "$to" "$path"; } ||
      fail "pull: $path is behind a link; pull the folder that it is in"
  done
  for path in "${paths[@]}"; do
    path=${path%/}
    # Moved with the folder that it is in.
    [ -e "$folder/$path" ] || [ -L "$folder/$path" ] || continue
    if [ "$path" = . ] || [ -e "$to/$path" ] || [ -L "$to/$path" ]; then
      tar -C "$folder" -cf - -- "./$path" | tar -C "$to" -xof -
    else
      mkdir -p -- "$(dirname -- "$to/$path")"
      mv -- "$folder/$path" "$to/$path"
    fi
  done
  echo "Pulled ${paths[*]} to $to"
}

# Whoever owns the machine decides what is in the archive: only files, folders, and links that stay
# below the folder.
check_pulled() {
  local odd link
  odd=$(find "$1" ! -type f ! -type d ! -type l -print -quit)
  [ -z "$odd" ] || fail "pull: ${odd#"$1"/} is neither a file nor a folder; nothing was brought back"
  while IFS= read -r -d '' link; do
    stays_below "${link#"$1"/}" "$(readlink -- "$link")" ||
      fail "pull: the link ${link#"$1"/} leads out of the folder; nothing was brought back"
  done < <(find "$1" -type l -print0)
}

# Whether a folder on the way to a path is a link: what is put there would be elsewhere.
is_behind_link() {
  local parent=$2
  while parent=$(dirname -- "$parent") && [ "$parent" != . ]; do
    [ ! -L "$1/$parent" ] || return 0
  done
  return 1
}

# Whether a link at a place leads to one below the folder that this place is in. `..` comes first or
# not at all: after a name it would leave what that leads to, which may be a link itself.
stays_below() {
  local target=$2/ depth
  depth=$(printf %s "$1" | tr -cd / | wc -c)
  while [ "${target:0:3}" = ../ ]; do target=${target:3} depth=$((depth - 1)); done
  case /$target in
    //?* | */../* | */.[gG][iI][tT]/*) return 1 ;;
  esac
  [ "$depth" -ge 0 ]
}

# The script and its variables, as a script that keeps both on the machine: over stdin, for a command
# line is seen by all.
payload() {
  local end
  end=END_$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  echo 'set -e; umask 077; mkdir -p ~/work; d=$(mktemp -d); cd "$d"'
  printf '%s\n' "cat >env <<'$end'" "$gpu_exports$end" "cat >script <<'$end'"
  cat -- "$1"
  printf '\n%s\n' "$end"
  echo ': >output; : >summary; echo "$d"'
}

place=
# The process there goes on when the connection ends: its session is ended by its number.
stop_script() {
  trap '' INT TERM
  [ -z "$place" ] ||
    machine "p=\$(cat $place/pid) && { kill -s TERM -- -\$p; sleep 1; kill -s KILL -- -\$p; }; rm -rf $place" \
      </dev/null >/dev/null 2>&1 || true
}

run_script() {
  local code words='' file=$1
  [ -z "$gpu_problem" ] || fail "$gpu_problem"
  shift
  for word in "$@"; do words+=" $(quote "$word")"; done
  trap 'stop_script; exit 130' INT
  trap 'stop_script; exit 143' TERM
  place=$(payload "$file" | machine 'exec sh -s') || {
    [ $? != 255 ] || lost
    fail 'the machine could not keep the script: is its disk full?'
  }
  [[ $place =~ ^/[A-Za-z0-9/._-]+$ ]] ||
    fail "the machine printed more than it was asked for; is it a file such as ~/.bashrc? $place"
  # In the background, for bash handles a signal only while it waits.
  machine "cd ~/work && echo \$\$ >$place/pid && . $place/env &&
    export GITHUB_OUTPUT=$place/output GITHUB_STEP_SUMMARY=$place/summary &&
    shell=\$(command -v bash || command -v sh) && { \"\$shell\" -e $place/script$words </dev/null; echo \$? >$place/code; }" </dev/null &
  wait $! || true
  code=$(bring_back) || lost
  [ "$code" != 'too long' ] ||
    fail 'the script wrote more than 1 MiB to GITHUB_OUTPUT or GITHUB_STEP_SUMMARY: nothing of it was brought back'
  [ "$code" != running ] || { stop_script; fail 'the connection was lost while the script ran; it was stopped' 255; }
  exit "$code"
}

max_bytes=1048576

# Adds what the script wrote to the outputs and the summary of the step; prints its exit code.
bring_back() {
  local file code output summary
  file=$(mktemp)
  machine "cd $place && echo \"\$(cat code 2>/dev/null || echo running) \$((\$(wc -c <output))) \$((\$(wc -c <summary)))\" && head -c $max_bytes output && head -c $max_bytes summary && { [ ! -f code ] || rm -rf $place; }" \
    </dev/null | head -c $((3 * max_bytes)) >"$file" || { rm -f "$file"; return 1; }
  read -r code output summary <"$file" || true
  [[ "$code $output $summary" =~ ^([0-9]{1,3}|running)\ [0-9]{1,9}\ [0-9]{1,9}$ ]] || { rm -f "$file"; return 1; }
  if [ "$output" -gt $max_bytes ] || [ "$summary" -gt $max_bytes ]; then code='too long' output=0 summary=0; fi
  tail -n +2 "$file" | head -c "$output" | add_to "${GITHUB_OUTPUT:-/dev/null}"
  tail -n +2 "$file" | tail -c "+$((output + 1))" | head -c "$summary" | add_to "${GITHUB_STEP_SUMMARY:-/dev/null}"
  rm -f "$file"
  echo "$code"
}

# Adds to a file; what was there before, and what comes after, is on lines of its own.
add_to() {
  end_line "$1"
  cat >>"$1"
  end_line "$1"
}
end_line() {
  [ -z "$(tail -c 1 -- "$1" 2>/dev/null)" ] || echo >>"$1"
}

worker=
stop_worker() {
  trap '' INT TERM
  kill -s TERM -- "-$worker" 2>/dev/null || true
  wait "$worker" 2>/dev/null || true
}

# A folder that cannot be written to cannot be emptied.
discard() {
  [ -z "$folder" ] || { chmod -R u+rwX -- "$folder" && rm -rf -- "$folder"; } 2>/dev/null || true
}

main() {
  folder=
  trap 'resume_commands; discard' EXIT
  case ${1:-} in
    '' | -h | --help) usage ;;
    ssh) shift; pause_commands; machine "$@" ;;
    push | pull)
      pause_commands
      # In a group of its own: bash handles a signal only while it waits, and tar and ssh are to end as well.
      set -m
      ( trap 'discard' EXIT; "$@" ) </dev/null &
      worker=$!
      set +m
      trap 'stop_worker; exit 130' INT
      trap 'stop_worker; exit 143' TERM
      wait "$worker"
      ;;
    run)
      shift
      [ $# -gt 0 ] || fail 'run: name the command, such as: run nvidia-smi'
      pause_commands
      run_command "$@"
      ;;
    *)
      [ -f "$1" ] || fail "$1 is neither a command nor a file; $name --help lists the commands"
      pause_commands
      run_script "$@"
      ;;
  esac
}

# One word is a command line, several are a command and its arguments.
run_command() {
  local line=$1 word
  if [ $# -gt 1 ]; then
    line=
    for word in "$@"; do line+="$(quote "$word") "; done
  fi
  folder=$(mktemp -d)
  printf '%s\n' "$line" >"$folder/command"
  run_script "$folder/command"
}

main "$@"
