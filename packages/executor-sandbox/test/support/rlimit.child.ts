import { launchId, sleep } from '@seamark/kit'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sandboxExecutor } from '../../src/index.ts'
import { until } from './see.ts'
import { supervisorOf } from './supervisor-of.ts'

/** What became of a fork bomb that nobody watched for a while. */
export interface HeldReport {
  readonly strengths: Readonly<Record<string, string>>
  /** How many processes it could start, and the error of the next one. */
  readonly started: number
  readonly error: string
  readonly reason: string
}

const bomb = `select(undef, undef, undef, 0.01) until -e "go";
  my $n = 0;
  for (1..4000) {
    my $pid = fork;
    if (!defined $pid) { my $why = "$!"; open(my $out, ">", "part"); print $out "$n $why"; close $out; rename "part", "told"; last }
    if ($pid == 0) { sleep 60; exit }
    $n++
  }
  sleep 60`

/** Forks while its supervisor is stopped, so that only the kernel is there to hold it; then the supervisor goes on. */
export async function forkUnwatched(dir: string, pids: number): Promise<HeldReport> {
  const executor = sandboxExecutor({ dir, graceMs: 0 })
  const workspace = join(dir, 'workspace')
  mkdirSync(workspace, { mode: 0o700 })
  const id = launchId('test', 'rlimit', String(process.pid), 1, 'main')
  try {
    await executor.launch(id, {
      argv: ['/usr/bin/perl', '-e', bomb],
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
      cwd: '/workspace',
      mounts: [{ source: workspace, target: '/workspace', mode: 'read-write' }],
      limits: { pids },
      timeoutMs: 60_000,
    })
    const supervisor = await supervisorOf(dir)
    process.kill(supervisor, 'SIGSTOP')
    try {
      writeFileSync(join(workspace, 'go'), '')
      await until(() => existsSync(join(workspace, 'told')), 'it is held')
    } finally {
      process.kill(supervisor, 'SIGCONT')
    }
    let state = await executor.attach(id)
    for (; state.state === 'running'; state = await executor.attach(id)) await sleep(20)
    const [, started = '', error = ''] = /^(\d+) (.*)$/.exec(readFileSync(join(workspace, 'told'), 'utf8')) ?? []
    const { cpu, memory, pids: processes } = executor.guarantees.limits
    return {
      strengths: { cpu: cpu.value, memory: memory.value, pids: processes.value },
      started: Number(started),
      error,
      reason: state.state === 'exited' ? state.exit.reason : state.state,
    }
  } finally {
    await executor.close?.()
  }
}

// As a program of its own, where there are no control groups: the report on stdout, as JSON.
if (process.argv[2] === 'run')
  console.log(JSON.stringify(await forkUnwatched(process.argv[3] ?? '', Number(process.argv[4]))))
