# What each block of a page finds: `ple` of the page's copy, with further words for what trains, and a command for each language.
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
python() { command "$PYTHON" -; }
python3() { command "$PYTHON" "$@"; }
js() { node --input-type=module -; }
sql() {
  node --input-type=module -e '
    import { text } from "node:stream/consumers";
    import { DuckDBInstance } from "@duckdb/node-api";
    const database = await (await DuckDBInstance.create()).connect();
    for (const query of (await text(process.stdin)).split(/;\s*\n/))
      console.log(JSON.stringify((await database.runAndReadAll(query)).getRowsJson()));'
}
