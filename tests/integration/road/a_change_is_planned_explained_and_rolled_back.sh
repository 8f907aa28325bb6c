# An operator looks before the leap, makes it, asks why things are as they are, and takes it back: with the real programs.
. "$(dirname "$0")/road.sh"
lab up --hosts 2 --routes 20
fleet=$(lab_dir)/fleet
layer=$fleet/layers/global.yaml
key='11.0.99.0/24 table main metric 0'

plan() { ctl config plan "$fleet" "$@"; }
says() { grep -qF -- "$1" <<<"$2" || { echo "FAILED: '$1' is not in:"$'\n'"$2" >&2; exit 1; }; }
plan_says() { grep -qF -- "$1" <<<"$(plan)"; }
history_says() { ctl host history "$1" --no-headers | grep -q "$2"; }
gone() { [ -z "$(on "$1" ip route show "$2")" ]; }
code_of() { "$@" >/dev/null 2>&1 && echo 0 || echo $?; }

story "nothing to change: a plan says so and exits with 0"
must [ "$(code_of plan --exit-code)" = 0 ]

story "one route more, one less; on h1 somebody made the first by hand already"
on h1 ip route add 11.0.99.0/24 dev eth0
sed -i '/11.0.5.0\/24/d' "$layer"
echo '    - { to: 11.0.99.0/24, via: "{{ gateway }}", reason: "card network" }' >>"$layer"
eventually 10 "the plan names the take-over" plan_says "takes over $key  dev eth0"
planned=$(plan)
says 'this revision changes 2 hosts of 2 in 1 way' "$planned"
says '- 11.0.5.0/24 table main metric 0  via' "$planned"
says "+ $key  via" "$planned"
must grep -q 'takes over.* on h1$' <<<"$planned"
must [ "$(code_of plan --exit-code)" = 3 ]
must has_ours h1 20
must on h1 ip route show 11.0.5.0/24

story "the plan is applied as it was seen, and no second time"
id=$(plan -o json | python3 -c 'import json, sys; print(json.load(sys.stdin)["plan"]["id"])')
before=$(date -u +%Y-%m-%dT%H:%M:%SZ)
sleep 1.1
says 'in 1 way' "$(ctl config apply "$fleet" -m 'the card network moved' --plan "$id" --show)"
must [ "$(code_of ctl config apply "$fleet" --plan "$id")" = 1 ]
eventually 30 "h1 keeps it" history_says h1 'generation 2 confirmed'
eventually 30 "h2 keeps it" history_says h2 'generation 2 confirmed'
must route_is_ours h1 11.0.99.0/24
must gone h1 11.0.5.0/24

story "why h1 has it: file, line, author and message; and that it had not before"
explained=$(ctl config explain h1 11.0.99.0/24)
says "layers/global.yaml:$(grep -n '11.0.99.0/24' "$layer" | cut -d: -f1):7" "$explained"
says 'reason: card network' "$explained"
says 'by uid 0 (root): the card network moved' "$explained"
says 'as written: - { to: 11.0.99.0/24, via: "{{ gateway }}"' "$explained"
says "nobody mentions '11.0.5.0/24'" "$(ctl config explain h1 11.0.5.0/24)"
says "nobody mentions '11.0.99.0/24'" "$(ctl config explain h1 11.0.99.0/24 --at "$before")"
says '-    - { to: 11.0.5.0/24' "$(ctl config diff previous)"

story "back: a new, higher generation with the old routes"
ctl config rollback previous -m 'not yet' >/dev/null
eventually 30 "h1 is back" history_says h1 'generation 3 confirmed'
eventually 30 "h2 is back" history_says h2 'generation 3 confirmed'
must route_is_ours h1 11.0.5.0/24
must gone h2 11.0.99.0/24
history=$(ctl config history --no-headers)
must [ "$(wc -l <<<"$history")" = 3 ]
must grep -q 'uid 0 (root) *2 of 2 *not yet *current' <<<"$(head -n 1 <<<"$history")"
