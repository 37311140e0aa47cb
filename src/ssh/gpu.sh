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
gpu_list=${GPU_ENV:-} gpu_exports='' gpu_missing=''
set -f
for gpu_variable in ${gpu_list//,/ }; do
  if [[ $gpu_variable =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]] && [ -n "${!gpu_variable+set}" ]; then
    gpu_exports+="export $gpu_variable=$(quote "${!gpu_variable}")"$'\n'
  else
    gpu_missing+="${gpu_missing:+, }$gpu_variable"
  fi
done
set +f

name=$(basename -- "$0")
home=$(cd -- "$(dirname -- "$0")/.." && pwd)
id=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
# Where a script is on the machine.
# shellcheck disable=SC2088 # it is expanded there
place="~/.gpu.$id"
# Files that macOS would add to an archive.
export COPYFILE_DISABLE=1

usage() {
  cat <<TEXT
Runs commands on the GPU machine of this job, in ~/work.

  $name push [PATH...]             send files to the same paths in ~/work (default: .),
                                  except .git and files that .gpuignore lists
  $name pull PATH... [--to DIR]    copy files from ~/work to the current folder or DIR
  $name run COMMAND...             run one command
  $name ssh                        open an ssh session, for debugging
  $name FILE [ARGUMENT...]         run a script: use it as \`shell: $name {0}\`

To set variables of the step on the machine, list them in GPU_ENV (GPU_ENV: HF_TOKEN,EPOCHS). What a
script writes to \$GITHUB_OUTPUT and \$GITHUB_STEP_SUMMARY goes to the outputs and summary of the step.
TEXT
}

fail() {
  echo "$name: $1" >&2
  exit "${2:-2}"
}

machine() {
  ssh -F "$home/config" "$name" "$@"
}

lost() {
  fail "the connection to the machine was lost: the machine may have stopped or failed. Check the log of the step that cooked the job, and run the workflow again" 255
}

# What the machine prints must not give commands to the runner. Of several in one step, the last one
# to end lets the runner take commands again.
token=$(cat "$home/token") pause=
pause_commands() {
  [ "${GITHUB_ACTIONS:-}" = true ] && [ ! -t 1 ] || return 0
  pause=$home/pause-$(basename -- "${GITHUB_OUTPUT:-}")
  : >"$pause-$$"
  exec 3>&2
  # One stream, or the runner may read the end of it before what was printed as errors.
  is_captured || exec 2>&1 3>&1
  echo "::stop-commands::$token" >&3
}
# Whether what is printed goes to the script of the step and not to the runner, as in x=$(gpu run ...):
# whose stdout is another one, above what only passes it on, such as a subshell or timeout?
is_captured() {
  local parent=$PPID
  while [ "/proc/$parent/fd/1" -ef "/proc/$$/fd/1" ]; do
    parent=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$parent/status")
  done
  [[ $(cat "/proc/$parent/comm" 2>/dev/null || true) =~ ^((ba|da|z|)sh|python.*)$ ]] && [ -e "/proc/$parent/fd/1" ] && [ "$parent" != 1 ]
}
resume_commands() {
  [ -n "$pause" ] || return 0
  rm -f -- "$pause-$$"
  # The last line of the machine may have no end.
  compgen -G "$pause-*" >/dev/null || printf '\n::%s::\n' "$token" >&3
}

# Paths of push and pull stay below the current folder.
check_path() {
  case "/$2/" in
    //* | */../* | */.[gG][iI][tT]/*) fail "$1: $2 is not accepted: use a relative path, without .. and outside of .git" ;;
  esac
}

# After tar: whether all that is wrong is that a file was changed meanwhile, such as a log. It was named.
was_changed='{ [ $? = 1 ] && tar --version | grep -q GNU; }'

# Patterns for tar: as in .gitignore, a slash at the end is no part of a name, and one at the start is
# the current folder.
list_ignored() {
  [ ! -f .gpuignore ] || sed -e '/^#/d' -e 's,/*[[:space:]]*$,,' -e '/^$/d' -e 's,^/,./,' .gpuignore
}

push() {
  local path
  [ $# -gt 0 ] || set -- .
  for path in "$@"; do
    check_path push "$path"
    [ -e "$path" ] || [ -L "$path" ] || fail "push: $path does not exist"
  done
  { tar --exclude=.git --exclude-from=<(list_ignored) -cf - -- "${@/#/./}" || eval "$was_changed"; } | machine 'mkdir -p ~/work && tar -C ~/work -xpof -' || {
    [ "${PIPESTATUS[1]}" != 255 ] || lost
    fail 'push: not all files could be sent'
  }
  echo "Pushed $* to ~/work"
}

pull() {
  local names=$* to=. words='' entry
  while [ $# -gt 0 ]; do
    case $1 in
      --to) [ $# -gt 1 ] || fail 'pull: --to needs a folder'; to=$2; shift ;;
      *)
        check_path pull "$1"
        words+=" $(quote "./$1")"
        entry=/$1/
        entry=${entry//\/+(?(.)\/)//}
        asked+=("${entry#/}")
        ;;
    esac
    shift
  done
  [ -n "$words" ] || fail "pull: name the files in ~/work to copy, such as: $name pull out"
  mkdir -p -- "$to"
  receive "mkdir -p ~/work && cd ~/work || exit 3; for p in$words; do [ -e \"\$p\" ] || [ -L \"\$p\" ] || { echo \"\${p#./} is not in ~/work on the machine\" >&2; exit 3; }; done" "$words" "$to" ||
    fail 'pull: nothing was copied'
  for entry in "$folder"/*; do
    entry=${entry##*/}
    if [ -e "$to/$entry" ] || [ -L "$to/$entry" ]; then
      # Where there is a link to a folder, tar makes a folder.
      tar -C "$folder" -cf - -- "./$entry" | tar -C "$to" -xof - || fail "pull: $entry could not be replaced: remove it first, or use --to"
    else
      mv -- "$folder/$entry" "$to/"
    fi
  done
  [ -z "$is_partial" ] || fail "pull: not everything was copied to $to"
  echo "Pulled $names"
}

# What receive may bring: each a path with a slash at its end, and all of the folder as ''.
asked=() folder='' is_partial=
shopt -s extglob dotglob nullglob
# Brings files of the machine into a new folder: its owner decides what is in the archive, so what was
# not asked for, or is no file, folder or link to what was, is taken out before anything is at its place.
# $1: command that goes to where they are; $2: their names; $3: where the new folder is
receive() {
  local codes line path root target unasked others=()
  # Named before it is made, so that a signal at this moment leaves nothing behind.
  folder=$(cd -- "$3" && pwd -P)/.gpu-pull.$id && mkdir -m 700 -- "$folder" || return 1
  # What a file such as ~/.bashrc prints comes before the archive, and may have no end of line.
  machine "$1 && echo && echo gpu-archive && { tar -cf - --$2 || $was_changed; }" | while IFS= read -r line || exit 1; do
    [ "$line" != gpu-archive ] || exec tar -C "$folder" --exclude='.[gG][iI][tT]' -xof -
  done || {
    codes=("${PIPESTATUS[@]}")
    [ "${codes[0]}" != 255 ] || lost
    [ "${codes[0]}" != 3 ] && [ "${codes[1]}" = 0 ] || return 1
    # There, tar has named a file that it could not read, or that was changed meanwhile.
    is_partial=1
  }
  # A folder that cannot be written to can be neither moved nor removed.
  chmod -R -- u+rwX "$folder"
  for root in "${asked[@]}"; do
    path=$(printf %s "$folder/$root" | sed 's/[][*?\\]/\\&/g')
    others+=(! -path "${path%/}" ! -path "$path*")
  done
  unasked=$(find "$folder" ! -type d \( ! -type f ! -type l -o "${others[@]}" \) -print -exec rm -f {} \;)
  [ -z "$unasked" ] || { echo "left out, because it was not requested or is not a regular file: ${unasked//"$folder"/.}" >&2 && is_partial=1; }
  find "$folder" -mindepth 1 -depth -type d -empty "${others[@]}" -delete
  while IFS= read -r -d '' path; do
    target=$(readlink -f -- "$path")/
    for root in "${asked[@]}"; do
      case $target in */.[gG][iI][tT]/*) ;; "$folder/$root"*) continue 2 ;; esac
    done
    echo "${path#"$folder"/} was left out, because it links to a file that was not requested" >&2
    rm -f -- "$path"
    is_partial=1
  done < <(find "$folder" -type l -print0)
}

# What a shell on the machine reads from stdin, for a command line is seen by all: the script and its
# variables. What it prints goes through pipes of its own: a process that it leaves behind would hold
# the connection, and continues when its output is no longer read. Its exit code comes back in a file,
# for ssh has codes of its own.
payload() {
  local end=END_$id word
  printf '%s\n' "cat >script <<'$end' || exit"
  cat
  printf '\n%s\n' "$end"
  cat <<'TEXT'
place=$PWD
: >output && : >summary && echo 000 >ended && mkdir -p ~/work && echo $$ >"$place/pid" || exit
shell=$(command -v bash || command -v sh)
pass() {
  mkfifo "$1" "$1.read"
  (trap '' PIPE TERM; exec <"$1" >"$1.read" 2>/dev/null; cat; exec cat >/dev/null) &
  (trap '' TERM; exec cat "$1.read" >&"$2") &
  readers="$readers $!"
}
pass out 1
pass err 2
trap : TERM
(
TEXT
  printf 'set -- "$shell" -e "$place/script"'
  for word in "$@"; do printf ' %s' "$(quote "$word")"; done
  cat <<'TEXT'

export GITHUB_OUTPUT="$place/output" GITHUB_STEP_SUMMARY="$place/summary"
cd ~/work || exit
TEXT
  printf %s "$gpu_exports"
  cat <<'TEXT'
exec "$@"
) </dev/null >out 2>err
# Over what is there, for the disk may be full.
printf %03d $? 1<>ended && mv ended code
# As GitHub's runner waits for the rest of what is printed.
(sleep 5; kill -s KILL $readers) >/dev/null 2>&1 &
wait $readers 2>/dev/null
kill -s KILL $! 2>/dev/null
TEXT
}

# Runs a script from stdin, with arguments.
run_script() {
  local file asked=(code/ output/ summary/)
  [ -z "$gpu_missing" ] || fail "GPU_ENV lists variables that this step does not have: $gpu_missing. Set them in env"
  payload "$@" | machine "mkdir -m 700 $place && cd $place && exec sh -s" || true
  receive "cd $place && { [ -f code ] || exit 3; }" ' code output summary' "${RUNNER_TEMP:-/tmp}" </dev/null || {
    stop_script
    fail 'the script did not finish: the connection was lost, or the script was killed on the machine. What was still running was stopped' 255
  }
  machine "rm -rf $place" </dev/null || true
  for file in output summary; do
    : >>"$folder/$file"
    [ "$(wc -c <"$folder/$file")" -le 1048576 ] ||
      fail 'the script wrote more than 1 MiB to GITHUB_OUTPUT or GITHUB_STEP_SUMMARY: no outputs and no summary were added to the step'
  done
  add_to "${GITHUB_OUTPUT:-/dev/null}" <"$folder/output"
  add_to "${GITHUB_STEP_SUMMARY:-/dev/null}" <"$folder/summary"
  exit "$(cat "$folder/code")"
}

# Ends the script on the machine, with what is in a group of its own, as `timeout` starts it; where it has
# not begun, it cannot begin any more. The runner kills a canceled step after ten seconds: this takes five.
stop_script() {
  [ -n "$place" ] || return 0
  machine "end() { kill -s \$1 -- -\$(cat $place.end/pid) \$(grep -ls 'GITHUB_OUTPUT=.*$id/output' /proc/[0-9]*/environ | tr -dc '0-9\\n'); }
    mkdir $place || { mv $place $place.end && end TERM; sleep 1; end KILL; rm -rf $place.end; }" \
    </dev/null >/dev/null 2>&1 &
  for ((SECONDS = 0; SECONDS < 5; )); do
    kill -0 $! 2>/dev/null || return 0
    sleep 0.2
  done
  # No answer: what is left of the connection would hold the output of the step.
  kill $!
  machine -O exit >/dev/null 2>&1 || true
}

# Adds to a file, on a line of its own.
add_to() {
  [ -z "$(tail -c 1 -- "$1" 2>/dev/null)" ] || echo >>"$1"
  cat >>"$1"
}

# One word is a command line, several are a command and its arguments.
run() {
  local line='' word
  [ $# -gt 0 ] || fail "run: add a command, such as: $name run nvidia-smi"
  for word in "$@"; do line+="$(quote "$word") "; done
  [ $# -gt 1 ] || line=$1
  run_script <<<"$line"
}

run_file() {
  run_script "${@:2}" <"$1"
}

worker=
stop() {
  trap '' INT TERM
  kill -s TERM -- "-$worker" 2>/dev/null || true
  wait "$worker" 2>/dev/null || true
  stop_script
  exit "$1"
}

main() {
  case ${1:-} in
    '' | -h | --help) usage; exit ;;
    ssh | push | pull) place= ;;
    run) ;;
    *)
      [ -f "$1" ] || fail "$1 is neither a command nor a file; for a list of commands, run $name --help"
      set -- run_file "$@"
      ;;
  esac
  trap resume_commands EXIT
  pause_commands
  if [ "$1" = ssh ]; then
    shift
    machine "$@"
    exit
  fi
  # In a group of its own: bash handles a signal only while it waits, and tar and ssh are to end as well.
  set -m
  (
    trap '[ -z "$folder" ] || rm -rf -- "$folder"' EXIT
    trap 'exit 143' TERM
    "$@"
  ) </dev/null &
  worker=$!
  set +m
  trap 'stop 130' INT
  trap 'stop 143' TERM
  wait "$worker"
}

main "$@"
