# What each command of a page finds: `ple` of the page's clone, with further words for what trains.
set -eo pipefail
exec 2>&1
trap 'status=$?; pwd > "$CLONE/.cwd"; kill $(jobs -p) 2> /dev/null || true; exit $status' EXIT
eval "added=($ADD)"
ple() {
  case "$1" in
    train | compare) node "$CLONE/bin/ple.js" "$@" "${added[@]}" ;;
    *) node "$CLONE/bin/ple.js" "$@" ;;
  esac
}
python3() { "$PYTHON" "$@"; }
