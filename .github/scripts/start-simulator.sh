#!/usr/bin/env bash
# Starts the simulator of the service, which lives on after this step, and tells its address, keys
# and first recipe as outputs of the step.
set -euo pipefail
log="$RUNNER_TEMP/simulator.log"
nohup npm run --silent simulator < /dev/null > "$log" 2>&1 &
for _ in {1..60}; do
  if grep -q '"url"' "$log"; then break; fi
  sleep 1
done
node -e '
  const [line] = require("node:fs").readFileSync(process.argv[1], "utf8").split("\n");
  const { url, public_key, secret_key, recipe_uuids } = JSON.parse(line);
  console.log(`api-url=${url}\npublic-key=${public_key}\nsecret-key=${secret_key}`);
  console.log(`recipe-uuid=${recipe_uuids[0]}`);
' "$log" >> "$GITHUB_OUTPUT"
