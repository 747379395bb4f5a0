import { sleep } from '@seamark/kit'
import { closeSync, openSync, rmSync, unlinkSync, writeSync } from 'node:fs'
import { readStatus } from './bubblewrap-status.ts'
import type { LaunchGroup } from './cgroups.ts'
import type { Identity } from './identity.ts'
import type { FirstProcess, SandboxRequest } from './launch-request.ts'
import { optionsPath, statusPath, type Layout } from './paths.ts'
import { FOLDER_MARK, killNow, LAUNCH_MARK, processAt } from './procfs.ts'
import { judgeFirst, refusedWritesFrom, signalName } from './first-report.ts'
import { judgeProcess } from './plain-plan.ts'
import type { Judgement, StartPlan } from './start-plan.ts'

/** More than bubblewrap ever writes: some ids of namespaces and an exit code. */
const statusBytes = 1024

/**
 * Bubblewrap, in a session of its own. Its options go through a file that is already unlinked: an
 * environment does not belong into a command line, which every user of the host can read. The sandbox
 * is built while its launch becomes durable, and holds the program back until it is. Its first process joins the
 * control groups before the program is there, so that nothing of an item is ever outside.
 */
export function sandboxPlan(
  layout: Layout,
  launchId: string,
  argv: readonly string[],
  sandbox: SandboxRequest,
  identity: Identity | undefined,
  group?: LaunchGroup,
): StartPlan {
  const descriptors: number[] = []
  try {
    descriptors.push(writeOptions(optionsPath(layout, launchId), sandbox.options))
    if (sandbox.filter !== undefined) descriptors.push(openSync(sandbox.filter, 'r'))
    descriptors.unshift(reserveStatus(statusPath(layout, launchId)))
    if (group !== undefined) descriptors.push(...group.openJoins())
  } catch (error) {
    for (const fd of descriptors) closeSync(fd)
    throw error
  }
  const filter = sandbox.filter === undefined ? [] : ['--seccomp', '5']
  const { first } = sandbox
  const gateFd = 3 + descriptors.length
  const joinsFrom = 5 + (sandbox.filter === undefined ? 0 : 1)
  const options = ['--json-status-fd', '3', '--args', '4', ...filter, '--block-fd', String(gateFd)]
  const args =
    first === undefined ? [...options, '--', ...argv] : [...options, '--as-pid-1', '--', ...firstLine(first), ...argv]
  function firstLine({ program, own, tellRefusedWrites }: FirstProcess): string[] {
    const folder = tellRefusedWrites === undefined ? [] : [tellRefusedWrites]
    const groups = Array.from({ length: gateFd - joinsFrom }, (_, n) => String(joinsFrom + n))
    return [program, String(gateFd + 1), String(own), ...folder, ...groups, '--']
  }
  return {
    file: sandbox.program,
    args,
    // For bubblewrap itself, which clears it inside: nothing that an item sets may reach the host's loader.
    env: { [LAUNCH_MARK]: launchId, [FOLDER_MARK]: layout.id },
    cwd: '/',
    descriptors,
    gated: true,
    reports: first !== undefined,
    ...identity,
    kill(pid) {
      // Until the sandbox's first process has a session of its own it is in the same group; from
      // then on it dies with bubblewrap, and the kernel kills all others of its process namespace.
      killNow(-pid)
      group?.kill()
    },
    settle: () => settleNamespace(statusPath(layout, launchId), first !== undefined),
    judge(code, signal, said) {
      const refusedWrites = refusedWritesFrom(said)
      return { ...judgeEnd(code, signal, said), ...(refusedWrites !== undefined && { refusedWrites }) }
    },
  }

  function judgeEnd(code: number | null, signal: NodeJS.Signals | null, said: Uint8Array): Judgement {
    const told = first === undefined ? undefined : judgeFirst(said, argv[0] ?? '')
    if (told !== undefined) return told
    if (signal !== null) return judgeProcess(code, signal)
    const { exitCode } = readStatus(statusPath(layout, launchId))
    if (exitCode === undefined) return { reason: 'not-started' }
    const ended = signalName(exitCode - 128)
    if (ended !== undefined) return { reason: 'signaled', signal: ended }
    return first === undefined ? { reason: 'exited', code: exitCode } : { reason: 'not-started' }
  }
}

/**
 * Resolves when the first process of the sandbox's process namespace is dead: the kernel lets it
 * die only after every other process in there is gone (pid_namespaces(7)). `reaped`: that process is bubblewrap's own
 * child, whose exit code it tells only when it has waited for it.
 */
async function settleNamespace(status: string, reaped: boolean): Promise<void> {
  const { childPid, exitCode } = readStatus(status)
  if (childPid === undefined || (reaped && exitCode !== undefined)) return
  const first = processAt(childPid)
  if (first === undefined || first.dead) return
  for (let waits = 0; ; waits++) {
    const now = processAt(childPid)
    if (now === undefined || now.dead || now.start !== first.start) return
    if (waits === 3) killNow(childPid)
    await (waits < 3 ? new Promise((resolve) => setImmediate(resolve)) : sleep(Math.min(50, waits)))
  }
}

/** An empty status with room on the disk: bubblewrap starts nothing where it can not write that, and its end would be lost. */
function reserveStatus(path: string): number {
  const fd = openSync(path, 'w', 0o600)
  try {
    // At a place, so that bubblewrap writes over it.
    writeSync(fd, ' '.repeat(statusBytes), 0)
    return fd
  } catch (error) {
    closeSync(fd)
    rmSync(path)
    throw error
  }
}

function writeOptions(path: string, options: readonly string[]): number {
  const fd = openSync(path, 'wx+', 0o600)
  try {
    // Written at a place rather than at the descriptor's offset, which stays at the beginning for the reader.
    writeSync(fd, options.map((option) => option + '\0').join(''), 0)
  } catch (error) {
    closeSync(fd)
    throw error
  } finally {
    unlinkSync(path)
  }
  return fd
}
