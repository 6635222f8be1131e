# What each command of a page finds: `ple` of the page's clone, with further words for what trains.
set -eo pipefail
exec 2>&1
set -m # each job has a process group of its own
ended() {
  local status=$?
  pwd > "$CLONE/.cwd"
  for job in $(jobs -p); do kill -- "-$job" 2> /dev/null || true; done
  wait
  exit "$status"
}
trap ended EXIT
eval "added=($ADD)"
ple() {
  case "$1" in
    train | compare) node "$CLONE/bin/ple.js" "$@" "${added[@]}" ;;
    *) node "$CLONE/bin/ple.js" "$@" ;;
  esac
}
python3() { "$PYTHON" "$@"; }
