. "$(dirname "$0")/road.sh"
lab up --hosts 2 --routes 5
story "h2 gets a copy of h1's identity: the second live stream is refused and said aloud"
lab kill h2
dir=$(dirname "$(dirname "$(lab env | sed 's/.*ONDOL_SOCKET=\([^ ]*\).*/\1/')")")
rm -rf "$dir/h2/identity"
cp -a "$dir/h1/identity" "$dir/h2/identity"
lab start h2
said() { lab logs collector | grep -qi 'identity'; }
eventually 30 "the collector's log names the clone" said
must host_is h1 online
must route_is_ours h1 11.0.3.0/24
