import type { Exit, LaunchSpec, RuntimeAccess } from '@seamark/core'
import { sandboxAvailable, sandboxExecutor } from '@seamark/executor-sandbox'
import { claudeCode } from '@seamark/runtime-claude-code'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BEGINNING, END, TASK } from '../agent-lines.ts'
import { turns } from '../agent-turns.ts'
import { newLaunchId } from '../attempts.ts'
import { inChild } from '../child.ts'
import type { Line, Scale } from '../line.ts'
import type { Transcript } from '../measures/agent-transcript.ts'
import { inTemporary } from '../temp.ts'

const AGENTS = 100
const USES = 200

/** What it takes to follow agents, whose programs do nothing here. */
export async function measure(scale: Scale): Promise<Line[]> {
  return [...(await transcripts(scale)), ...(await turns()), await atOnce()]
}

async function transcripts(scale: Scale): Promise<Line[]> {
  const bytes = scale === 'quick' ? 20_000_000 : 100_000_000
  const module = import.meta.resolve('../measures/agent-transcript.ts')
  const small = await inChild<Transcript>(module, { bytes: bytes / 10, pairs: 3 })
  const whole = await inChild<Transcript>(module, { bytes, pairs: 3 })
  const { ms, parsedMs, events } = whole.value
  const what = `an agent's output of ${bytes / 1e6} MB`
  return [
    {
      what: `${what}, read as ${events.toLocaleString('en-US')} events`,
      measured: { value: ms / 1_000, unit: 's' },
      baseline: { value: parsedMs / 1_000, unit: 's' },
      against: 'its lines, each parsed as JSON',
      bounds: [{ kind: 'time', on: 'measured', is: '≤', limit: 2 }],
    },
    {
      what: `${what}, time of an event`,
      measured: { value: (ms / events) * 1_000, unit: 'µs' },
      baseline: { value: (parsedMs / events) * 1_000, unit: 'µs' },
      against: 'its lines, each parsed as JSON',
      bounds: [{ kind: 'time', on: 'measured', is: '≤', limit: 50 }],
    },
    {
      what: `${what}, memory of the process`,
      measured: { value: whole.peakBytes / 1e6, unit: 'MB' },
      baseline: { value: small.peakBytes / 1e6, unit: 'MB' },
      against: 'the same for a tenth of it',
      bounds: [{ kind: 'ratio', on: 'ratio', is: '≤', limit: 1.25 }],
    },
  ]
}

/** Agents in sandboxes, all at once: what each tells is compared with what its program said. */
async function atOnce(): Promise<Line> {
  const what = `${AGENTS} agents at once, ${USES} tools used by each: events lost or out of order`
  const available = await sandboxAvailable()
  if (!available.ok) return { what, skipped: available.problem.message }
  return inTemporary(async (dir) => {
    const program = join(dir, 'agent.sh')
    writeFileSync(program, script(), { mode: 0o755 })
    const runtime = claudeCode({ argv: ['/bin/sh', '/agent.sh'] })
    const { argv, env } = await runtime.prepare(TASK)
    const spec: LaunchSpec = {
      argv,
      env: { ...env, PATH: '/usr/bin:/bin', TMPDIR: '/tmp' },
      cwd: '/',
      mounts: [{ source: program, target: '/agent.sh', mode: 'read-only' }],
      stdin: 'pipe',
    }
    const executor = sandboxExecutor({ dir: join(dir, 'data'), graceMs: 0 })
    const closed = new AbortController()
    const exits = new Map<string, PromiseWithResolvers<Exit>>()
    const following = (async () => {
      for await (const { launchId, state } of executor.events(undefined, { signal: closed.signal }))
        if (state.state === 'exited') exits.get(launchId)?.resolve(state.exit)
    })()
    // Its failure is told below; that it is stopped at the end is none.
    following.catch(() => undefined)
    const wanted = Array.from({ length: USES }, (_, number) => `Bash: echo ${number}`).join()

    async function agent(): Promise<boolean> {
      const launchId = newLaunchId()
      const exit = Promise.withResolvers<Exit>()
      exits.set(launchId, exit)
      await executor.launch(launchId, spec)
      const access: RuntimeAccess = {
        output: (stream, from) => executor.output(launchId, stream, from),
        write: async (bytes) => executor.send?.(launchId, bytes),
        exit: exit.promise,
      }
      const told: string[] = []
      let completed = false
      for await (const { event } of runtime.drive(access, TASK, undefined)) {
        if (event.type === 'tool') told.push(event.name)
        completed = event.type === 'turn-end' && event.completed
      }
      await executor.reap(launchId)
      return completed && told.join() === wanted
    }

    try {
      const started = performance.now()
      const done = await Promise.race([
        Promise.all(Array.from({ length: AGENTS }, agent)),
        following.then(() => Promise.reject(new Error('The executor tells no more events.'))),
      ])
      const seconds = (performance.now() - started) / 1_000
      return {
        what,
        measured: { value: done.filter((whole) => !whole).length, unit: 'agents' },
        bounds: [{ kind: 'count', on: 'measured', is: '≤', limit: 0 }],
        note: `${Math.round((AGENTS * USES) / seconds).toLocaleString('en-US')} events/s, starts and ends of sandboxes included`,
      }
    } finally {
      closed.abort()
      await executor.close?.()
    }
  })
}

/** The program, which says its lines with what its shell has built in. */
function script(): string {
  const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`
  const use = JSON.stringify({
    type: 'assistant',
    message: {
      role: 'assistant',
      content: [{ type: 'tool_use', id: 't%s', name: 'Bash', input: { command: 'echo %s' } }],
    },
    session_id: 's',
  })
  return `#!/bin/sh
read -r line
printf %s ${quoted(BEGINNING)}
read -r line
number=0
while [ "$number" -lt ${USES} ]; do
  printf ${quoted(`${use}\\n`)} "$number" "$number"
  number=$((number + 1))
done
printf %s ${quoted(END)}
read -r line
exit 0
`
}
