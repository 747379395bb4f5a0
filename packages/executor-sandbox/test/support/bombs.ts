import type { Executor, LaunchSpec } from '@seamark/core'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { sandboxExecutor } from '../../src/index.ts'
import { see } from './see.ts'

const MiB = 1024 * 1024

/** Ends of programs that go over each limit, and of one beside them that does not. */
export interface BombReport {
  readonly strengths: Readonly<Record<string, string>>
  readonly ends: Readonly<Record<string, string>>
  /** How one that keeps to the same limits ended, which ran all the time. */
  readonly beside: string
}

/** How the bombs end where limits hold so far. */
export const namedEnds = ({ memory, cpu }: BombReport['strengths']): BombReport['ends'] => ({
  memory: 'memory',
  memoryByDefault: 'memory',
  inTmp: 'memory',
  // What can not be seen from outside is refused where memory is watched; these programs end with 4 then.
  memfd: memory === 'enforced' ? 'memory' : 'exited 4',
  segment: memory === 'enforced' ? 'memory' : 'exited 4',
  pids: 'pids',
  pidsByDefault: 'pids',
  threads: 'pids',
  disk: 'disk',
  wider: 'exited 5',
  unlinked: 'disk',
  odd: 'disk',
  idle: 'idle',
  within: 'exited 3',
  processors: cpu === 'enforced' ? 'exited 6' : 'not held',
})

/** Runs a bomb of each kind in a sandbox with limits, beside one that does its work; as root and as an ordinary user. */
export async function explode(dir: string, timeoutMs = 25_000): Promise<BombReport> {
  const executor = sandboxExecutor({ dir, graceMs: 0, name: `bombs-${process.getuid?.()}` })
  const limits = { memoryBytes: 128 * MiB, pids: 40, diskBytes: 16 * MiB }
  // What its launches say nothing of holds them too.
  const byDefault = sandboxExecutor({ dir, graceMs: 0, name: `default-${process.getuid?.()}`, limits })
  let count = 0
  const end = async (script: string, { by = executor, ...more }: Partial<LaunchSpec> & { by?: Executor } = {}) => {
    const workspace = join(dir, 'workspaces', String(++count))
    mkdirSync(workspace, { recursive: true, mode: 0o700 })
    const mounts = [{ source: workspace, target: '/workspace', mode: 'read-write' as const }]
    const { reason, code } = await see(by, script, {
      mounts,
      cwd: '/workspace',
      ...(by === executor && { limits }),
      timeoutMs,
      ...more,
    })
    return code === undefined || reason !== 'exited' ? reason : `${reason} ${code}`
  }
  try {
    const beside = end('i=0; while [ $i -lt 40 ]; do sleep 0.1; i=$((i+1)); /bin/true || exit 9; done; exit 7')
    const hoard = `node -e "const a = []; for (;;) a.push(Buffer.alloc(4 * ${MiB}, 1))"`
    const memory = await end(hoard)
    const memoryByDefault = await end(hoard, { by: byDefault })
    const inTmp = await end('head -c 400M /dev/zero > /tmp/full; sleep 20')
    const memfd = await end(`perl -e 'my ($name, $mib) = ("bomb", "x" x ${MiB});
      my $fd = syscall(${process.arch === 'arm64' ? 279 : 319}, $name, 0);
      exit 4 if $fd < 0;
      open(my $file, ">&=", $fd); syswrite($file, $mib) for 1..400; sleep 20'`)
    const segment = await end(`perl -e 'my $mib = "x" x ${MiB};
      my $id = shmget(0, 400 * ${MiB}, 01600) // exit 4;
      shmwrite($id, $mib, $_ * ${MiB}, ${MiB}) for 0..399; sleep 20'`)
    // Lit again and again: where none of it can fork any more it goes out by itself, maybe before anybody has looked.
    const forks = `exec perl -e 'for (1..200) {
      my $pid = fork; exec("sh", "-c", "f() { f | f & }; f") if defined $pid and $pid == 0;
      select(undef, undef, undef, 0.1) }'`
    const pids = await end(forks)
    const pidsByDefault = await end(forks, { by: byDefault })
    const worker = "new (require('worker_threads').Worker)('setTimeout(() => 0, 1e6)', { eval: true })"
    const threads = await end(`node -e "for (let i = 0; i < 60; i++) ${worker}"`, {
      limits: { ...limits, memoryBytes: 2048 * MiB },
    })
    const disk = await end('head -c 60M /dev/zero > full; sleep 20')
    const wider = await end('head -c 60M /dev/zero > full; exit 5', { by: byDefault, limits: { diskBytes: 64 * MiB } })
    const unlinked = await end('exec 3> full; rm full; head -c 60M /dev/zero >&3; sleep 20')
    const odd = await end('mkdir "$(printf \'o\\377\')"; head -c 60M /dev/zero > "$(printf \'o\\377/full\')"; sleep 20')
    const idle = await end('echo a; sleep 0.2; echo b; sleep 20', { limits: { idleMs: 600 } })
    const within = await end('head -c 8M /dev/zero > small; node -e 0; exit 3')
    // By the time that passes, however much of it this machine gives.
    const busy = `node -e "const [started, before] = [Date.now(), process.cpuUsage()]
      while (Date.now() < started + 3000);
      const { user, system } = process.cpuUsage(before)
      process.exit((user + system) / 1000 < 0.5 * (Date.now() - started) ? 6 : 8)"`
    const { cpu } = executor.guarantees.limits
    const processors = cpu.value === 'enforced' ? await end(busy, { limits: { ...limits, cpu: 0.2 } }) : 'not held'
    return {
      strengths: Object.fromEntries(
        Object.entries(executor.guarantees.limits).map(([name, { value }]) => [name, value]),
      ),
      ends: {
        memory,
        memoryByDefault,
        inTmp,
        memfd,
        segment,
        pids,
        pidsByDefault,
        threads,
        disk,
        wider,
        unlinked,
        odd,
        idle,
        within,
        processors,
      },
      beside: await beside,
    }
  } finally {
    await Promise.all([executor.close?.(), byDefault.close?.()])
  }
}

// As a program of its own, for another user: the report on stdout, as JSON.
if (process.argv[2] === 'run')
  console.log(JSON.stringify(await explode(process.argv[3] ?? '', Number(process.argv[4] ?? 25_000))))
