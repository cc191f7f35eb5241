#!/usr/bin/env bash
# Get a browser for tests/test_page*.py: Debian's Chromium. Without it they are skipped.
set -euo pipefail
command -v chromium > /dev/null && exit 0
command -v apt-get > /dev/null || { echo "get_browser: no apt-get; install Chromium yourself" >&2; exit 1; }
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core
