#!/bin/sh
# A silo listens on one address and is reached by it, so inside a container that address has to be found at the start, unless it is
# set. `exec` makes the silo process 1, which gets SIGTERM.
set -eu
if [ -z "${OrleansStream__AdvertisedAddress:-}" ]; then
    OrleansStream__AdvertisedAddress=$(hostname -i | cut -d ' ' -f 1)
    export OrleansStream__AdvertisedAddress
fi
exec "$(dirname "$0")/OrleansStream.Host" "$@"
