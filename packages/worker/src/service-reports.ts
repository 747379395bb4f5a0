import type { BlobRef, CallOptions, Exit, ServiceReport, StepTask, StepVerdict } from '@seamark/core'
import type { RedactionTable } from '@seamark/kit'
import { redactStream, sha256Hex, systemCode } from '@seamark/kit'
import type { FileHandle } from 'node:fs/promises'
import { constants as files } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { constants } from 'node:os'
import { join } from 'node:path'
import type { Blobs } from './blobs.ts'
import { lookBelow } from './contained.ts'
import { failure } from './judge.ts'
import type { AttemptLayout } from './layout.ts'
import { reopen } from './reopen.ts'
import { servicesOf } from './services.ts'

/** With it our program ends where a service is not ready. */
const NOT_READY_CODE = 125
const REPORT_BYTES = 64 * 1024
const LAST_BYTES = 2_000
const LAST_LINES = 8

const ENDS = {
  waiting: 'not-started',
  stopped: 'stopped',
  killed: 'killed',
  ended: 'ended',
  late: 'not-ready',
  gone: 'not-ready',
} as const satisfies Record<string, ServiceReport['end']>
const LINE =
  /^([a-z0-9][a-z0-9_-]{0,62}) (waiting|stopped|killed|ended|late|gone) (\d{1,3}) (\d{1,3}) (\d{1,15}) (\d{1,15})$/

/** What is known of the services of a step. */
export interface SeenServices {
  readonly reports: readonly ServiceReport[]
  /** The verdict over a step whose program was not started. */
  readonly unready?: StepVerdict
  /** A verdict with what is to be told of them. */
  readonly remark: (verdict: StepVerdict) => StepVerdict
}

interface Told {
  readonly report: ServiceReport
  readonly late: boolean
}

/**
 * Makes what services wrote durable, and says how they ended as far as our own program told. Their folder is one that an item may
 * write to: how they ended counts only with the digest over a key that no program of the item has. Errors: those of the storage.
 */
export async function captureServices(
  task: StepTask,
  exit: Exit,
  about: {
    readonly attempt: AttemptLayout
    readonly blobs: Blobs
    readonly secrets: RedactionTable
    readonly maxLogBytes: number
  },
  options?: CallOptions,
): Promise<SeenServices> {
  const services = servicesOf(task)
  if (services.length === 0 || exit.reason === 'not-started') return { reports: [], remark: (verdict) => verdict }
  const { attempt, secrets, blobs, maxLogBytes } = about
  await reopen(attempt.services)
  const told = await toldEnds(attempt)
  const reports: ServiceReport[] = []
  let unready: string | undefined
  for (const { name, ready } of services) {
    const known = told.get(name)
    const last = { bytes: Buffer.alloc(0) }
    const file = await openBelow(attempt.services, `${name}.log`)
    let log: BlobRef | undefined
    if (file !== undefined) {
      const bytes = file.createReadStream({ end: maxLogBytes - 1 })
      log = await blobs.store(withLast(redactStream(bytes, secrets), last), options)
    }
    reports.push({ name, ...known?.report, ...(log && { log }) })
    if (known?.report.end === 'not-ready' && unready === undefined) {
      const why = known.late
        ? `${name} was not ready within ${ready.timeoutMs} ms.`
        : `${name} ended before the program was started (${howEnded(known.report)}).`
      const lines = lastLines(last.bytes)
      unready = lines === '' ? `${why} It wrote nothing.` : `${why} The last that it wrote:\n${lines}`
    }
  }
  const early = reports.filter(({ end }) => end === 'ended')
  const isUnready = unready !== undefined && exit.reason === 'exited' && exit.code === NOT_READY_CODE
  return {
    reports,
    ...(isUnready && { unready: failure('service-not-ready', unready) }),
    remark(verdict) {
      if (early.length === 0 || verdict.outcome === 'parked') return verdict
      const said = early.map((one) => `Service ${one.name} ended before the item did (${howEnded(one)}).`).join(' ')
      return { ...verdict, detail: verdict.detail === undefined ? said : `${verdict.detail}. ${said}` }
    },
  }
}

function howEnded({ code, signal }: ServiceReport): string {
  return signal ?? `exit code ${code ?? 'unknown'}`
}

/** By name, where the digest shows that our own program wrote it. */
async function toldEnds(attempt: AttemptLayout): Promise<Map<string, Told>> {
  const ends = new Map<string, Told>()
  const file = await openBelow(attempt.services, 'report')
  if (file === undefined) return ends
  const text = await wholeText(file)
  const key = await readFile(attempt.servicesKey, 'utf8')
  const [digest, ...rest] = text.split('\n')
  if (digest !== sha256Hex(`${key}${rest.join('\n')}${key}`)) return ends
  for (const line of rest) {
    const [, name, state, code, signal, , lost] = LINE.exec(line) ?? []
    if (name === undefined || state === undefined || !isState(state)) continue
    ends.set(name, {
      report: { name, ...endOf(state, Number(code), Number(signal), Number(lost)) },
      late: state === 'late',
    })
  }
  return ends
}

function isState(text: string): text is keyof typeof ENDS {
  return Object.hasOwn(ENDS, text)
}

function endOf(state: keyof typeof ENDS, code: number, signal: number, lost: number): Omit<ServiceReport, 'name'> {
  const dropped = lost > 0 && { lost }
  if (state === 'waiting') return { end: ENDS[state], ...dropped }
  return { end: ENDS[state], ...(signal === 0 ? { code } : { signal: signalName(signal) }), ...dropped }
}

function signalName(number: number): string {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `SIG${number}`
}

/** A file that an attempt could have made anything of; `undefined` where it is no ordinary file, or one that can not be reached. */
export async function openBelow(dir: string, name: string): Promise<FileHandle | undefined> {
  try {
    const found = await lookBelow(dir, name)
    if (found?.isFile() !== true) return undefined
    return await open(join(dir, name), files.O_RDONLY | files.O_NOFOLLOW | files.O_NONBLOCK)
  } catch (error) {
    if (['ENOENT', 'ELOOP', 'EACCES'].includes(systemCode(error) ?? '')) return undefined
    throw error
  }
}

async function wholeText(file: FileHandle): Promise<string> {
  const pieces: Uint8Array[] = []
  const body: AsyncIterable<Uint8Array> = file.createReadStream({ end: REPORT_BYTES - 1 })
  for await (const piece of body) pieces.push(piece)
  return Buffer.concat(pieces).toString('latin1')
}

async function* withLast(body: AsyncIterable<Uint8Array>, last: { bytes: Buffer }): AsyncGenerator<Uint8Array> {
  for await (const piece of body) {
    last.bytes = Buffer.from(Buffer.concat([last.bytes, piece]).subarray(-LAST_BYTES))
    yield piece
  }
}

function lastLines(bytes: Buffer): string {
  return bytes.toString('utf8').trimEnd().split('\n').slice(-LAST_LINES).join('\n').slice(-700)
}
