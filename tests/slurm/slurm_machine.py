"""A real Slurm of two nodes on this machine, for tests: without accounting, and gone with the process that started it.

Everything lies in one folder of its own: configuration, keys, sockets, spools and logs. When the process ends, however
it ends, a guard ends every daemon and every job: all that have that folder's name in their environment.
"""

import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

COMMANDS = ("munged", "slurmctld", "slurmd", "sbatch")
NODES = ("n1", "n2")
CPUS, MEMORY = 4, 8000  # of a node; more CPUs than this machine may have, so that some jobs share them
CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
CryptoType=crypto/munge
# cred_expire: no requeued job starts earlier
AuthInfo=cred_expire=10,socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
# no cgroups; memory is looked at every second, and a job over its --mem is killed
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
SlurmdParameters=config_overrides
GresTypes=gpu
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0
# a dead node is noticed soon, a cancelled job ends soon
SlurmdTimeout=15
SlurmctldTimeout=15
MessageTimeout=10
KillWait=5
"""
NODE = "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={cpus} RealMemory={memory} Gres=gpu:1\n"
PARTITIONS = "PartitionName=batch Nodes=n[1-2] Default=YES\nPartitionName=cards Nodes=n[1-2]\n"
CARDS = "NodeName=n[1-2] Name=gpu File=/dev/null\n"  # no cards, but Slurm counts and assigns them


def missing() -> str | None:
    """Say what keeps Slurm from being started here, or None."""
    search = os.environ["PATH"] + ":/usr/sbin:/sbin"
    if absent := [name for name in COMMANDS if not shutil.which(name, path=search)]:
        return f"no {', '.join(absent)}; tests/slurm/packages installs them"
    return None if os.geteuid() == 0 else "only root may start jobs of others, which slurmd does"


class Machine:
    """The cluster; a context manager that is up inside and gone outside."""

    def __init__(self) -> None:
        """Choose a folder and ports."""
        self.folder = Path(tempfile.mkdtemp(prefix="slurm-"))
        self.environment = os.environ | {
            "SLURM_CONF": f"{self.folder}/slurm.conf",
            "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin",
        }
        self._running: dict[str, subprocess.Popen] = {}
        # it reads from a pipe that only this process can write to, so that it notices our end
        guard = [sys.executable, __file__, str(self.folder)]
        self._guard = subprocess.Popen(guard, stdin=subprocess.PIPE, start_new_session=True)

    def __enter__(self) -> "Machine":
        """Start all; raise if it does not come up within a minute."""
        try:
            self._configure()
            socket_file = f"{self.folder}/munge.socket"
            files = [f"--{name}-file={self.folder}/munge.{name}" for name in ("key", "pid", "log", "seed")]
            self._start("munged", "munged", "--foreground", "--force", f"--socket={socket_file}", *files)
            wait_for(lambda: os.path.exists(socket_file), 20, "munged")
            self.start_controller()
            for name in NODES:
                self.start_node(name)
            wait_for(
                lambda: self.ask("sinfo", "-hN", "-pbatch", "-o%t").split() == ["idle"] * len(NODES), 60, self._logs
            )
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """End every daemon, every job's process and remove the folder."""
        for name in reversed(self._running):
            self._running[name].terminate()
        self._guard.communicate()
        for process in self._running.values():
            process.wait()

    def start_controller(self) -> None:
        """Start slurmctld, or start it again with the state it saved."""
        self._start("slurmctld", "slurmctld", "-D", "-i")
        wait_for(lambda: "UP" in self.ask("scontrol", "ping"), 30, self._logs)

    def stop_controller(self) -> None:
        """Stop slurmctld; it saves its state."""
        process = self._running.pop("slurmctld")
        process.terminate()
        process.wait()

    def start_node(self, name: str) -> None:
        """Start the slurmd of a node."""
        self._start(name, "slurmd", "-D", "-N", name)

    def kill_node(self, name: str) -> None:
        """Let a node die: its slurmd and all that runs on it, at once and without a word."""
        kill(self.folder, f"SLURMD_NODENAME={name}")
        self._running.pop(name).wait()

    def ask(self, *command: str) -> str:
        """Run a Slurm command; give what it prints, mistakes too."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    def submit(self, command: str, *options: str) -> str:
        """Run a shell command as a job of its own; give the job's id."""
        return self.ask("sbatch", "--parsable", f"--output={self.folder}/%j.out", f"--wrap={command}", *options).strip()

    def state(self, job: str) -> str:
        """Give a job's state, for example RUNNING."""
        return self.ask("squeue", "-h", "--states=all", "-o%T", "-j", job).strip()

    def _configure(self) -> None:
        """Write slurm.conf and the key."""
        host, user = socket.gethostname().partition(".")[0], getpass.getuser()
        ports = _free_ports(1 + len(NODES))
        text = CONFIGURATION.format(host=host, user=user, port=ports[0], folder=self.folder)
        for name, port in zip(NODES, ports[1:], strict=True):
            text += NODE.format(name=name, host=host, port=port, cpus=CPUS, memory=MEMORY)
            (self.folder / "spool" / name).mkdir(parents=True)
        (self.folder / "slurm.conf").write_text(text + PARTITIONS)
        (self.folder / "gres.conf").write_text(CARDS)
        (self.folder / "state").mkdir()
        key = self.folder / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(1024))

    def _start(self, name: str, *command: str) -> None:
        """Start a daemon as a child."""
        environment = self.environment | {"SLURMD_NODENAME": name}
        with open(self.folder / f"{name}.out", "ab") as out:
            self._running[name] = subprocess.Popen(
                command, env=environment, stdout=out, stderr=out, stdin=subprocess.DEVNULL
            )

    def _logs(self) -> str:
        """Give the ends of all logs."""
        files = sorted(self.folder.glob("*.log")) + sorted(self.folder.glob("*.out"))
        return "\n".join(f"{path.name}: {path.read_text(errors='replace')[-1500:]}" for path in files)


def kill(folder: Path, *marks: str) -> int:
    """Kill the processes of the cluster in `folder`, those with `marks` in their environment; give their number."""
    wanted = {f"SLURM_CONF={folder}/slurm.conf", *marks}
    found = 0
    for entry in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if wanted <= set(entry.read_bytes().decode(errors="replace").split("\0")):
                os.kill(int(entry.parent.name), signal.SIGKILL)
                found += 1
    return found


def clear(folder: Path) -> None:
    """Give a cluster's daemons a second to end, kill what is left and remove the folder."""
    time.sleep(1)
    while kill(folder):
        time.sleep(0.1)
    shutil.rmtree(folder, ignore_errors=True)


def wait_for(condition: Callable[[], object], seconds: float, why: str | Callable[[], str]) -> None:
    """Wait until a condition holds; raise with a reason after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(why() if callable(why) else why)
        time.sleep(0.2)


def _free_ports(count: int) -> list[int]:
    """Find ports that nobody uses now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


if __name__ == "__main__":
    sys.stdin.read()
    clear(Path(sys.argv[1]))
