import type { DoctorCheck } from '@seamark/config'
import type { CallOptions } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { borneOut, probeDigest, probeExecutor } from '@seamark/probes'
import type { Probe, ProbeReport } from '@seamark/probes'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Deployment } from './deployment.ts'

/**
 * Tries from inside what an executor keeps, keeps the signed report, and gives what came of it as findings. Errors: `NOT_FOUND` for a name that
 * is not configured, and those of `probeExecutor`.
 */
export async function probed(
  { declared, probes, dataDir, egress }: Deployment,
  name: string,
  options: CallOptions = {},
): Promise<DoctorCheck[]> {
  const executor = declared.find((one) => one.name === name)
  if (executor === undefined)
    throw new SeamError('NOT_FOUND', `There is no executor ${JSON.stringify(name)} here.`, {
      remedy: `Name one of: ${declared.map((one) => one.name).join(', ')}.`,
    })
  const dir = join(dataDir, 'probes')
  try {
    const report = await probeExecutor(executor, { ...options, dir, now: Date.now(), basis: probes.basis, egress })
    await probes.keep(report, options)
    const { isolation, network } = borneOut(executor.guarantees, report)
    const measured = `isolation ${isolation.value}, network ${network.value}; report ${probeDigest(report)}`
    return [
      finding(`probe.${name}`, `Probed ${name}`, overall(report, measured)),
      ...report.probes.map((probe) =>
        finding(`probe.${name}.${probe.id}`, `Probe ${probe.id}`, resultOf(probe, report.basis)),
      ),
    ]
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

type Result = Awaited<ReturnType<DoctorCheck['run']>>

function finding(id: string, title: string, result: Result): DoctorCheck {
  const remedy = result.status === 'ok' ? {} : { remedy: 'Give this executor no work that is not trusted.' }
  return { id, title, run: async () => ({ ...remedy, ...result }) }
}

function overall({ probes }: ProbeReport, measured: string): Result {
  if (probes.some(({ outcome }) => outcome === 'escaped')) return { status: 'fail', measured }
  if (probes.every(({ outcome }) => outcome === 'held')) return { status: 'ok', measured }
  return { status: 'warn', measured, remedy: 'See below what was not tried, and why.' }
}

function resultOf({ about, outcome, detail }: Probe, { image }: ProbeReport['basis']): Result {
  const why = detail === undefined ? '' : `: ${detail}`
  if (outcome === 'held') return { status: 'ok', measured: 'held' }
  if (outcome === 'escaped') return { status: 'fail', measured: `got through${why}. ${about}` }
  const [, missing] = /^no (\w+)$/.exec(detail ?? '') ?? []
  const remedy = missing && (image === undefined ? `Install ${missing} on this host` : `Put ${missing} into the image`)
  return { status: 'warn', measured: `not tried${why}`, ...(remedy && { remedy: `${remedy} to have it tried.` }) }
}
