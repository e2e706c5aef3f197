#!/usr/bin/env bash
# Runs every check that a change has to pass, after `npm ci`: commit messages, types, lint, format, tests in
# Node, workerd and over HTTP, and browser tests. `npm run check` and `.ci/run` call it.
set -euo pipefail
cd "$(dirname "$0")/.."

# The last commit before the form of commit messages was checked. A shallow clone may not have it.
unchecked=76ced8b3fa05
if git rev-parse --quiet --verify "$unchecked^{commit}" >/dev/null 2>&1; then
  npm exec -- commitlint --from "$unchecked" --to HEAD
else
  npm exec -- commitlint --last
fi
npm run types
npm run lint

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
npm test -- --reporter=default --reporter=json --outputFile.json="$results/tests.json"

# The browser tests need Chromium; Debian's package is installed where that is possible.
if ! command -v chromium >/dev/null && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
  apt-get update -qq && apt-get install -y -qq chromium >/dev/null || true
fi
if command -v chromium >/dev/null; then
  npm run test:browser -- --reporter=default --reporter=json --outputFile.json="$results/browser.json"
else
  echo 'The browser tests did not run: Chromium is not installed and cannot be installed here.'
fi

npm exec -- node -e '
  const { readdirSync, readFileSync } = require("node:fs")
  const [folder] = process.argv.slice(1)
  let [passed, failed] = [0, 0]
  for (const file of readdirSync(folder)) {
    const report = JSON.parse(readFileSync(`${folder}/${file}`))
    passed += report.numPassedTests
    failed += report.numFailedTests
  }
  console.log(`${passed} passed, ${failed} failed`)
' "$results"
