import type { Executor, ItemSpec, Submission } from '@seamark/core'
import { sandboxAvailable, sandboxExecutor } from '@seamark/executor-sandbox'
import { claudeCode } from '@seamark/runtime-claude-code'
import { folderStorage } from '@seamark/storage-local'
import { localWorker } from '@seamark/worker'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { BEGINNING, END, toolUse } from './agent-lines.ts'
import type { Line } from './line.ts'
import { startRig } from './rig.ts'
import { inTurn, median } from './stats.ts'
import { inTemporary } from './temp.ts'

const TURNS = 200
const PAIRS = 5
const LOCAL = { id: 'local:0' }
const what = 'a turn of an agent that asks for a tool and uses it, beyond the same with a program that always says yes'

/** A program whose turns are a question whether it may use a tool, and the use. It writes to stderr how long they took. */
const AGENT = `
const lines = require('node:readline').createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const say = (text) => process.stdout.write(text)
const main = async () => {
  await lines.next()
  say(${JSON.stringify(BEGINNING)})
  await lines.next()
  const first = ${JSON.stringify(toolUse(0, 256))}
  const started = performance.now()
  for (let n = 0; n < ${TURNS}; n++) {
    const use = first.replaceAll('toolu_0', 'toolu_' + n).replaceAll('echo 0', 'echo ' + n)
    const request = { subtype: 'can_use_tool', tool_name: 'Bash', tool_use_id: 'toolu_' + n, input: { command: 'echo ' + n } }
    const [spoken, used, result] = use.split('\\n')
    say(spoken + '\\n' + used + '\\n' + JSON.stringify({ type: 'control_request', request_id: 'r' + n, request }) + '\\n')
    const { value } = await lines.next()
    if (!value.includes('"allow"')) throw new Error(value)
    say(result + '\\n')
  }
  process.stderr.write(String(performance.now() - started))
  say(${JSON.stringify(END)})
  process.exit(0)
}
main()
`
const ARGV = ['node', '-e', AGENT, '--'] as const

/** One agent in a sandbox, with a durable record of each answer, in turn with one that is answered through two pipes. */
export async function turns(): Promise<Line[]> {
  const available = await sandboxAvailable()
  if (!available.ok) return [{ what, skipped: available.problem.message }]
  return inTemporary(async (dir) => {
    const told: number[] = []
    const sandbox = sandboxExecutor({ dir: join(dir, 'data'), graceMs: 0 })
    // What the program measured is read before it is reaped.
    const executor: Executor = {
      ...sandbox,
      async reap(launchId, options) {
        const chunks: Uint8Array[] = []
        for await (const chunk of sandbox.output(launchId, 'stderr', 0)) chunks.push(chunk)
        told.push(Number(Buffer.concat(chunks).toString()))
        await sandbox.reap(launchId, options)
      },
    }
    const runtime = claudeCode({ argv: [...ARGV] })
    const storage = folderStorage({ dir: join(dir, 'blobs') })
    const worker = localWorker({ dir: join(dir, 'data', 'work'), storage, runtimes: [runtime] })
    const rig = await startRig(dir, undefined, undefined, { worker, executors: [executor], runtimes: [runtime.name] })
    let run = 0
    const measured = async (): Promise<number> => {
      const id = `turns-${run++}`
      await rig.engine.submit(LOCAL, submissionOf(id, runtime.name, executor.name))
      const status = await rig.engine.sealed(id)
      if (status !== 'succeeded') throw new Error(`Run ${id} ${status}.`)
      while (told.length < run) await new Promise((resolve) => setTimeout(resolve, 5))
      return (told[run - 1] ?? Number.NaN) / TURNS
    }
    try {
      await measured()
      const taken = await inTurn(PAIRS, measured, bare)
      const cost = median(taken.measured) - median(taken.baseline)
      return [
        {
          what,
          measured: { value: cost, unit: 'ms' },
          bounds: [{ kind: 'time', on: 'measured', is: '≤', limit: 2 }],
          note: `p50 ${median(taken.measured).toFixed(2)} ms a turn against ${median(taken.baseline).toFixed(2)} ms, a durable record of each answer included`,
        },
      ]
    } finally {
      await rig.close()
      await sandbox.close?.()
    }
  })
}

/** The program alone: milliseconds of a turn. */
async function bare(): Promise<number> {
  const [, ...args] = ARGV
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  const said = text(child.stderr)
  child.stdin.write('{}\n{}\n')
  for await (const line of createInterface({ input: child.stdout })) {
    const { type, request_id } = JSON.parse(line)
    if (type === 'control_request')
      child.stdin.write(
        `${JSON.stringify({ type: 'control_response', response: { request_id, behavior: 'allow' } })}\n`,
      )
  }
  if (child.exitCode === null) await once(child, 'exit')
  return Number(await said) / TURNS
}

function submissionOf(run: string, runtime: string, executor: string): Submission {
  const item: ItemSpec = {
    id: 'agent',
    run: '',
    prompt: 'Do nothing.',
    needs: [],
    locks: [],
    gates: [],
    outputs: [],
    effects: 'write-impure',
    runtime,
    executor,
    queue: 'default',
    priority: 0,
    timeoutMs: 120_000,
    retries: { max: 0, minDelayMs: 1_000, maxDelayMs: 60_000 },
    env: {},
    keepWorkspace: false,
  }
  return { run, plan: '0'.repeat(64), spec: { workspace: { type: 'empty' } }, items: [item] }
}
