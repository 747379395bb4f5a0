import type { LaunchRequest } from './launch-request.ts'
import type { Layout } from './paths.ts'
import { FOLDER_MARK, killNow, LAUNCH_MARK } from './procfs.ts'
import type { Judgement, StartPlan } from './start-plan.ts'
import type { Sweep } from './sweep.ts'

/** A process in a session of its own. What leaves its group is found by the marks in its environment. */
export function plainPlan(layout: Layout, launchId: string, request: LaunchRequest, sweep: Sweep): StartPlan {
  const [file = '', ...args] = request.argv
  return {
    file,
    args,
    env: { ...request.env, [LAUNCH_MARK]: launchId, [FOLDER_MARK]: layout.id },
    cwd: request.cwd,
    descriptors: [],
    gated: false,
    kill: (pid) => void killNow(-pid),
    async settle(pid) {
      killNow(-pid)
      await sweep.clear(launchId)
    },
    judge: judgeProcess,
  }
}

/** What the kernel says of a process of ours. */
export function judgeProcess(code: number | null, signal: NodeJS.Signals | null): Judgement {
  if (signal !== null) return { reason: 'signaled', signal }
  return { reason: 'exited', code: code ?? 0 }
}
