#!/usr/bin/env bash
# Start a throw-away SLURM cluster on the loopback interface of this machine, for the tests of this folder.
#
#   start_cluster.sh STATE OWNER      root, no systemd; needs slurmctld, slurmd, slurm-client, munge
#
# STATE is an empty folder for configuration, keys, sockets, logs; OWNER is the process id the cluster belongs to: when
# that process is gone, however it ended, a watcher runs stop_cluster.sh. Two nodes of four CPUs and two pretended
# GPUs each, partitions "cpu" and "gpu". Memory limits are enforced by polling, as there are no cgroups here.
#
# /etc/slurm/{slurm,gres,cgroup}.conf become links into STATE: SLURM_CONF alone would not do, because Snakemake's
# executor removes all SLURM_* variables before it calls srun inside a job. Files that are there are never replaced.
set -euo pipefail

STATE=$(realpath "$1")
OWNER=$2
HERE=$(dirname "$(realpath "$0")")
PATH=$PATH:/usr/sbin:/sbin
HOST=$(hostname -s)
MARK="# clearice test cluster"
NODES="n1 n2"
CPUS=4 MEMORY_MB=8000 GPUS="0 1"

for file in slurm.conf gres.conf cgroup.conf; do
    case "$(readlink "/etc/slurm/$file")" in
        */clearice-slurm-*/"$file") [ -e "/etc/slurm/$file" ] || rm "/etc/slurm/$file" ;; # ours, lost in a reboot
    esac
    if [ -e "/etc/slurm/$file" ] || [ -L "/etc/slurm/$file" ]; then
        echo "/etc/slurm/$file is there already; a test cluster needs a machine without one" >&2
        exit 1
    fi
done

# Distinct free ports: one for the controller, one for each node.
read -r -a PORTS < <(python3 - <<'PYTHON'
import socket
sockets = [socket.socket() for _ in range(3)]
for one in sockets:
    one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in sockets))
PYTHON
)

mkdir -p "$STATE"/{munge,controller,log,gpu}
chmod 755 "$STATE" "$STATE/munge" # munged refuses folders that others may write
echo "$OWNER" > "$STATE/owner"
: > "$STATE/pids"

# From here on, whatever goes wrong is undone.
trap '"$HERE/stop_cluster.sh" "$STATE"' ERR

# The controller looks itself up by the machine's name.
getent hosts "$HOST" > /dev/null || echo "127.0.0.1 $HOST $MARK" >> /etc/hosts

head -c 1024 /dev/urandom > "$STATE/munge/key"
chmod 600 "$STATE/munge/key"
munged --key-file="$STATE/munge/key" --socket="$STATE/munge/socket" --pid-file="$STATE/munge/pid" \
    --log-file="$STATE/log/munged.log" --seed-file="$STATE/munge/seed" --num-threads=2
cat "$STATE/munge/pid" >> "$STATE/pids"

cat > "$STATE/slurm.conf" <<CONF
$MARK
ClusterName=clearice
SlurmctldHost=$HOST(127.0.0.1)
SlurmctldPort=${PORTS[0]}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$STATE/munge/socket
CredType=cred/munge
StateSaveLocation=$STATE/controller
SlurmdSpoolDir=$STATE/spool-%n
SlurmctldPidFile=$STATE/slurmctld.pid
SlurmdPidFile=$STATE/slurmd-%n.pid
SlurmctldLogFile=$STATE/log/slurmctld.log
SlurmdLogFile=$STATE/log/slurmd-%n.log
# no systemd, no cgroups, no accounting
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
AccountingStorageType=accounting_storage/none
# a job that uses more memory than it asked for is killed within two seconds
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=2
JobAcctGatherParams=OverMemoryKill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,bf_interval=1,sched_interval=5
# nodes may claim more than this machine has
SlurmdParameters=config_overrides
ReturnToService=2
# squeue must remember finished jobs for longer than the executor's slowest poll
MinJobAge=600
KillWait=5
GresTypes=gpu
CONF
echo "CgroupAutomount=no" > "$STATE/cgroup.conf"
echo "AutoDetect=off" > "$STATE/gres.conf"
number=0
for node in $NODES; do
    number=$((number + 1))
    echo "NodeName=$node NodeHostname=$HOST NodeAddr=127.0.0.1 Port=${PORTS[number]} CPUs=$CPUS" \
        "RealMemory=$MEMORY_MB Gres=gpu:pretended:$(wc -w <<< "$GPUS") State=UNKNOWN" >> "$STATE/slurm.conf"
    for gpu in $GPUS; do
        # SLURM sets CUDA_VISIBLE_DEVICES only for character devices
        ln -s /dev/null "$STATE/gpu/$node-$gpu"
        echo "NodeName=$node Name=gpu Type=pretended File=$STATE/gpu/$node-$gpu Flags=nvidia_gpu_env" \
            >> "$STATE/gres.conf"
    done
done
{
    echo "PartitionName=cpu Nodes=${NODES// /,} Default=YES MaxTime=600 DefMemPerCPU=500 State=UP"
    echo "PartitionName=gpu Nodes=${NODES// /,} Default=NO MaxTime=600 DefMemPerCPU=500 State=UP"
} >> "$STATE/slurm.conf"

mkdir -p /etc/slurm
for file in slurm.conf gres.conf cgroup.conf; do
    ln -s "$STATE/$file" "/etc/slurm/$file"
done

# In the foreground of background processes, so that their ids are known.
slurmctld -D -i > "$STATE/log/slurmctld.out" 2>&1 < /dev/null &
echo $! >> "$STATE/pids"
for node in $NODES; do
    mkdir -p "$STATE/spool-$node"
    slurmd -D -N "$node" > "$STATE/log/slurmd-$node.out" 2>&1 < /dev/null &
    echo $! >> "$STATE/pids"
done
setsid bash -c 'while [ -e "$1/pids" ] && kill -0 "$2"; do sleep 1; done; exec "$3/stop_cluster.sh" "$1"' \
    watcher "$STATE" "$OWNER" "$HERE" > /dev/null 2>&1 < /dev/null &

for _ in $(seq 300); do
    idle=$(sinfo --noheader --Node --partition=cpu --states=idle --format=%N 2> /dev/null | sort -u | wc -l)
    if [ "$idle" = "$(wc -w <<< "$NODES")" ]; then
        exit 0
    fi
    sleep 0.2
done
echo "the nodes did not come up within a minute" >&2
tail -n 20 "$STATE"/log/* >&2
false
