#!/usr/bin/env bash
# Stop the cluster that start_cluster.sh started in STATE: its jobs, its daemons, its links in /etc/slurm.
#
#   stop_cluster.sh STATE      harmless where nothing runs
set -u
STATE=$(realpath -m "$1")
MARK="# clearice test cluster"

if [ -f "$STATE/pids" ]; then
    export SLURM_CONF="$STATE/slurm.conf"
    timeout 10 scancel --user=root > /dev/null 2>&1
    daemons=()
    for pid in $(tac "$STATE/pids"); do
        # A process id may have been given to somebody else since.
        case "$(cat "/proc/$pid/comm" 2> /dev/null)" in
            slurmctld | slurmd | munged) daemons+=("$pid") ;;
        esac
    done
    if [ ${#daemons[@]} -gt 0 ]; then
        kill "${daemons[@]}" 2> /dev/null
        for pid in "${daemons[@]}"; do
            for _ in $(seq 100); do
                kill -0 "$pid" 2> /dev/null || continue 2
                sleep 0.1
            done
            kill -9 "$pid" 2> /dev/null
        done
    fi
    rm -f "$STATE/pids"
fi
for file in slurm.conf gres.conf cgroup.conf; do
    case "$(readlink "/etc/slurm/$file" 2> /dev/null)" in
        "$STATE"/*) rm -f "/etc/slurm/$file" ;;
    esac
done
if grep -q "$MARK" /etc/hosts; then
    hosts=$(grep -v "$MARK" /etc/hosts)
    echo "$hosts" > /etc/hosts # in place: the file may be mounted
fi
exit 0
