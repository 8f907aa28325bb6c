. "$(dirname "$0")/road.sh"
lab up --hosts 1 --routes 20
dir=$(lab_dir)
story "the agent's state moves to a small disk of its own"
lab kill h1
lab kill h1 undo  # it must see the other disk too
mv "$dir/h1/state" "$dir/h1/kept"
mkdir "$dir/h1/state"
mount -t tmpfs -o "size=1m,mode=750,uid=$(id -u ondol),gid=$(id -g ondol)" tmpfs "$dir/h1/state"
road_unmount="$dir/h1/state"
cp -a "$dir/h1/kept/." "$dir/h1/state/"
lab start h1
eventually 20 "online again" host_is h1 online
story "the disk is full: a new generation is not applied, the kernel is as it was, and it is said"
dd if=/dev/zero of="$dir/h1/state/filler" bs=4096 2>/dev/null || true
before=$(on h1 ip route)
sed -i '/list:/a\    - { to: 11.9.9.0/24, via: "{{ gateway }}", reason: later }' "$dir/fleet/layers/global.yaml"
ctl config apply "$dir/fleet" >/dev/null
says_blocked() { ctl host show h1 | grep -q 'storage'; }
eventually 20 "the collector shows why" says_blocked
must test "$(on h1 ip route)" = "$before"
lab logs h1 | grep -q 'No space left on device'
story "what is confirmed is enforced all the same"
by_hand h1 route del 11.0.3.0/24
eventually 5 "11.0.3.0/24 back with a full disk" route_is_ours h1 11.0.3.0/24
story "killed and started with the disk still full, it is the old generation"
lab kill h1
on h1 ip route flush proto 79
lab start h1
eventually 20 "the 20 old routes" has_ours h1 20
story "space is there again: the generation is applied without anybody's help"
rm "$dir/h1/state/filler"
eventually 40 "the new route" has_ours h1 21
eventually 20 "no drift in the end" no_drift
lab kill h1
