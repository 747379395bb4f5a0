import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { postgresJournal } from '@seamark/journal-postgres'
import { heldExecutor } from '../held.ts'
import { submissionOf } from '../plans.ts'
import { startRig } from '../rig.ts'
import { inTemporary } from '../temp.ts'

/** Kills a leader with items in flight while a standby waits. Resolves with the milliseconds until that one has decided a submission, and how many items it took up. */
export async function measure({ url, items }: { url: string; items: number }): Promise<{ ms: number; taken: number }> {
  return inTemporary(async (dir) => {
    const program = fileURLToPath(new URL('./takeover-leader.ts', import.meta.url))
    const leader = fork(program, [url, join(dir, 'leader-'), String(items)])
    await once(leader, 'message')
    const standby = startRig(
      join(dir, 'standby'),
      undefined,
      postgresJournal({ url, schema: 'takeover', deployment: 'seamark', standby: true }),
      {
        executors: [heldExecutor()],
        queues: { default: { concurrency: items } },
      },
    )
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    const killed = performance.now()
    leader.kill('SIGKILL')
    const rig = await standby
    await rig.engine.submit({ id: 'local:0' }, submissionOf('after', 'flat', 1))
    const ms = performance.now() - killed
    const taken = rig.engine.stats().running
    await rig.close()
    return { ms, taken }
  })
}
