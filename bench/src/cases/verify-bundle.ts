import type { TrustFile } from '@seamark/core'
import { composeBundle, readTar, verify, writeTar } from '@seamark/evidence'
import { toBase64, verifierKey } from '@seamark/log'
import { localSigner } from '@seamark/signer-local'
import { hash } from 'node:crypto'
import { createReadStream, createWriteStream, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Line, Scale } from '../line.ts'
import { NS, startRig } from '../rig.ts'
import { inTurn, median, msOf, pairedRatio } from '../stats.ts'
import { inTemporary } from '../temp.ts'

const RUN = 'run'
/** `run.submitted`, three for each item, and `run.sealed`; `items.added` comes on top. */
const RECORDS_PER_ITEM = 3

/** The bundle of one run, from a tar on disk. */
export async function measure(scale: Scale): Promise<Line[]> {
  const records = scale === 'quick' ? 20_000 : 100_000
  return inTemporary(async (dir) => {
    const path = join(dir, 'bundle.tar')
    const trust = await makeBundle(dir, path, Math.ceil(records / RECORDS_PER_ITEM))
    let seen = 0
    const verifying = () =>
      msOf(async () => {
        const report = await verify(readTar(createReadStream(path)), trust, { now: Date.now() })
        if (report.verdict !== 'verified') throw new Error(`${report.verdict}: ${report.statement}`)
        seen = report.run?.records ?? 0
      })
    const reading = () =>
      msOf(async () => {
        const lines = readFileSync(path)
        hash('sha256', lines)
        for (let at = 0, end; (end = lines.indexOf(10, at)) >= 0; at = end + 1) hash('sha256', lines.subarray(at, end))
      })
    await inTurn(1, verifying, reading)
    const taken = await inTurn(5, verifying, reading)
    return [
      {
        what: `verify a bundle of ${seen.toLocaleString('en-US')} records`,
        measured: { value: median(taken.measured) / 1000, unit: 's' },
        baseline: { value: median(taken.baseline) / 1000, unit: 's' },
        against: 'SHA-256 of the file and of each of its lines',
        ratio: pairedRatio(taken),
        bounds: [{ kind: 'time', on: 'measured', is: '≤', limit: 2 }],
      },
    ]
  })
}

/** Runs a flat plan and exports its evidence. Resolves with what verifies it. */
async function makeBundle(dir: string, path: string, items: number): Promise<TrustFile> {
  const rig = await startRig(dir)
  await rig.run(RUN, 'flat', items)
  const { checkpoint } = await rig.journal.head(NS)
  if (checkpoint === undefined) throw new Error('There is no signed checkpoint.')
  const signer = localSigner({ path: join(dir, 'keys', 'export.pem'), role: 'export' })
  const { origin } = checkpoint
  const hints: TrustFile = {
    version: 1,
    keys: [
      { origin, role: 'log', key: verifierKey(origin, (await rig.signer.publicKey()).bytes) },
      { origin, role: 'export', key: toBase64((await signer.publicKey()).bytes) },
    ],
    witnesses: [],
    tsaRoots: [],
    required: ['authentic', 'complete-run'],
  }
  const files = await composeBundle({
    ns: NS,
    run: RUN,
    checkpoint,
    hints,
    records: () => rig.journal.read(NS, 0, { run: RUN, to: checkpoint.size }),
    hashes: (level, from, count) => rig.journal.hashes(NS, level, from, count),
    signer,
  })
  await pipeline(Readable.from(writeTar(files)), createWriteStream(path))
  await rig.close()
  return hints
}
