import type { CallOptions, Egress, Executor } from '@seamark/core'
import { forwarderProgram, throughForwarder } from '@seamark/forwarder'
import { hasCode, launchId, toSeamError } from '@seamark/kit'
import { randomUUID } from 'node:crypto'
import { chmodSync, copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LaidOut } from './host.ts'
import type { Probe } from './report.ts'
import { runInside } from './run-inside.ts'
import type { ProbeKind } from './targets.ts'
import { WAY, WAY_TRIES } from './try-way-out.ts'

/** Seen from outside, whatever the program says. */
export const ARRIVED: ProbeKind & { readonly id: string } = {
  id: 'network/way/arrived',
  about: 'A connection of it arrives on the host by the way out.',
}

const forwarder = '/run/seamark-forward'

interface Around {
  readonly dir: string
  readonly node: string
  readonly host: LaidOut
}

/**
 * Tries the network of an attempt with a way out open. Of what held it counts only that the gateway decided on something: otherwise
 * nothing was there to be tried. Errors: those of `Executor` and of `Egress.open`; where the executor can lead no attempt out,
 * nothing is tried.
 */
export async function tryWayOut(
  executor: Executor,
  egress: Egress,
  { dir, node, host }: Around,
  call: CallOptions,
): Promise<Probe[]> {
  const id = launchId('probe', randomUUID(), 'way', 1, 'main')
  const folder = join(dir, `probe-${randomUUID()}`)
  const workspace = join(folder, 'in')
  const way = join(folder, 'way')
  const program = join(folder, 'forward')
  for (const made of [folder, workspace, way]) mkdirSync(made, { recursive: true, mode: 0o700 })
  writeFileSync(join(workspace, 'targets'), JSON.stringify(host.targets), { mode: 0o600 })
  copyFileSync(forwarderProgram(), program)
  chmodSync(program, 0o755)
  const arrived = host.arrived()
  let decided = false
  const note = async (): Promise<void> => void (decided = true)
  try {
    const rules = [{ host: 'localhost', port: host.targets.port, mode: 'tunnel' as const }]
    const opened = await egress.open(
      { launchId: id, socketPath: join(way, 'gateway.sock'), rules, port: { note } },
      call,
    )
    try {
      const ran = await runInside(
        executor,
        id,
        {
          workspace,
          node,
          argv: ['targets', 'way'],
          changed: (spec) => ({
            ...spec,
            argv: throughForwarder(spec.argv, { program: forwarder, port: WAY.port, socket: WAY.socket }),
            mounts: [
              ...spec.mounts,
              { source: way, target: WAY.folder, mode: 'read-only' },
              { source: program, target: forwarder, mode: 'read-only' },
            ],
          }),
        },
        call,
      )
      const probes = ran(WAY_TRIES)
      // The last decisions are told by then.
      await opened.close()
      const seen: Probe = { ...ARRIVED, outcome: host.arrived() > arrived ? 'escaped' : 'held' }
      return [...probes, seen].map((probe) =>
        decided || probe.outcome === 'escaped' ? probe : notTried(probe, 'the gateway decided on nothing'),
      )
    } finally {
      await opened.close()
      await executor.reap(id)
    }
  } catch (error) {
    // Its deployment gives such attempts no place, or its engine no way.
    if (!hasCode(error, 'UNSUPPORTED') && !hasCode(error, 'INVALID_INPUT')) throw error
    const all = [...Object.entries(WAY_TRIES).map(([of, { about }]) => ({ id: of, about })), ARRIVED]
    return all.map((probe) => notTried(probe, `it can lead no attempt out: ${toSeamError(error).message}`))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function notTried({ id, about }: Pick<Probe, 'id' | 'about'>, detail: string): Probe {
  return { id, about, outcome: 'not-tried', detail }
}
