import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { inChild } from '../child.ts'
import type { Line, Scale } from '../line.ts'
import { serverProgram, startServer } from '../server.ts'
import { inTurn, median } from '../stats.ts'
import { inTemporary } from '../temp.ts'

/** How long a service is left alone before it counts as idle. */
const SETTLE_MS = 5_000

/** `seamark serve`, just started on a journal with a past. */
export async function measure(scale: Scale): Promise<Line[]> {
  const [items, starts, idleMs] = scale === 'quick' ? [5_000, 3, 2_000] : [100_000, 7, 10_000]
  return inTemporary(async (dir) => {
    const data = join(dir, 'data')
    mkdirSync(data, { mode: 0o700 })
    const runs = 10
    await inChild(import.meta.resolve('../measures/finished-items.ts'), { dir: data, runs, items: items / runs })

    let server = await startServer(data)
    const start = async (): Promise<number> => {
      await server.stop()
      server = await startServer(data)
      return server.startMs
    }
    const taken = await inTurn(starts, start, emptyNode)
    try {
      await sleep(scale === 'quick' ? 1_000 : SETTLE_MS)
      const before = server.usage()
      await sleep(idleMs)
      const after = server.usage()
      const about = `service on a journal with ${items.toLocaleString('en-US')} finished items`
      const note = serverProgram().built ? 'built' : 'from sources, which takes time and memory that a build does not'
      return [
        {
          what: `${about}, start to first answer`,
          measured: { value: median(taken.measured) / 1000, unit: 's' },
          baseline: { value: median(taken.baseline) / 1000, unit: 's' },
          against: 'an empty Node program, start to end',
          bounds: [{ kind: 'time', on: 'measured', is: '≤', limit: 1 }],
          note,
        },
        {
          what: `${about}, idle`,
          measured: { value: ((after.cpuMs - before.cpuMs) / idleMs) * 100, unit: '% of a core' },
          bounds: [{ kind: 'time', on: 'measured', is: '<', limit: 0.5 }],
        },
        {
          what: `${about}, memory`,
          measured: { value: after.residentBytes / 1e6, unit: 'MB' },
          bounds: [{ kind: 'size', on: 'measured', is: '<', limit: 120 }],
          note,
        },
      ]
    } finally {
      await server.stop()
    }
  })
}

function emptyNode(): Promise<number> {
  const started = performance.now()
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' })
    child.once('error', reject)
    child.once('exit', () => resolve(performance.now() - started))
  })
}
