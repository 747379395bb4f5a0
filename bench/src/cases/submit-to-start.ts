import type { LaunchSpec } from '@seamark/core'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Line, Scale } from '../line.ts'
import { sandboxLine } from '../sandbox-line.ts'
import { startServer } from '../server.ts'
import { inTurn, median } from '../stats.ts'
import { inTemporary } from '../temp.ts'

const what = 'submit to start of the first process, warm service, empty workspace'
/** Says when it was started, in nanoseconds since the epoch. */
const command = 'date +%s%N'
const plan = JSON.stringify({ version: 1, items: [{ id: 'a', run: command }] })

/** From a submission over the service's socket to the first thing its process does, beyond the same for a bare sandbox. */
export async function measure(scale: Scale): Promise<Line[]> {
  return inTemporary(async (dir) => {
    const folders = ['workspace', 'home', 'inputs'].map((name) => join(dir, name))
    for (const folder of folders) mkdirSync(folder, { mode: 0o777 })
    const spec: LaunchSpec = {
      argv: ['/bin/sh', '-c', command],
      env: { PATH: '/usr/bin:/bin' },
      cwd: '/workspace',
      mounts: folders.map((source) => ({ source, target: source.slice(dir.length), mode: 'read-write' })),
    }
    const line = await sandboxLine(spec, join(dir, 'bare'))
    if (!line.ok) return [{ what, skipped: line.reason }]
    const data = join(dir, 'data')
    mkdirSync(data, { mode: 0o700 })
    const server = await startServer(data)
    const { client } = server
    try {
      const submit = async (): Promise<number> => {
        const started = atTick()
        const { run } = await client.submit({ plan, format: 'json' })
        for await (const event of client.events(run, { follow: true })) if (event.type === 'end') break
        const { status } = await client.run(run)
        if (status !== 'succeeded') throw new Error(`The run ${status}.`)
        return startOf(await text(client.logs(run, 'a'))) - started
      }
      const bare = async (): Promise<number> => {
        const started = atTick()
        return startOf(await line.run()) - started
      }
      await inTurn(10, submit, bare)
      const taken = await inTurn(scale === 'quick' ? 30 : 200, submit, bare)
      const [measured, baseline] = [median(taken.measured), median(taken.baseline)]
      return [
        {
          what,
          measured: { value: measured, unit: 'ms' },
          baseline: { value: baseline, unit: 'ms' },
          against: 'the same sandbox and shell spawned by Node, to the first thing its process does (p50 of both)',
        },
        {
          what: 'submit to start, beyond that sandbox',
          measured: { value: measured - baseline, unit: 'ms' },
          bounds: [{ kind: 'time', on: 'measured', is: '≤', limit: 10 }],
        },
      ]
    } finally {
      await server.stop()
    }
  })
}

/** Waits for the clock's next millisecond, so that it is known to more than one. */
function atTick(): number {
  const before = Date.now()
  let now = before
  while (now === before) now = Date.now()
  return now
}

function startOf(said: string): number {
  const nanoseconds = Number(said.trim())
  if (!Number.isFinite(nanoseconds)) throw new Error(`This is no time: ${said}`)
  return nanoseconds / 1e6
}

async function text(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  let all = ''
  for await (const chunk of chunks) all += Buffer.from(chunk).toString()
  return all
}
