import type { Journal } from '@seamark/core'
import { leafHash, nodeHash, toHex } from '@seamark/log'
import { expectCode, expectEqual, fail, within } from './check.ts'
import { errorOf, expectCodeOf, openLog, plain, readAll, shown, written } from './journal-log.ts'
import type { Case } from './suite.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** What goes in comes out. */
export const recordCases: readonly Case<Journal>[] = [
  {
    id: 'journal/says-what-it-is',
    about: 'spec, kind, name and every guarantee are there',
    async run({ seam }) {
      expectEqual(seam.spec, 'journal/v1', 'spec')
      if (!/^[a-z0-9][a-z0-9.-]*$/.test(seam.kind)) fail(`kind is not a stable name: ${seam.kind}`)
      if (seam.name === '') fail('name is empty')
      const { durable, fenced, reserve, erasing } = seam.guarantees
      for (const claim of [durable, fenced, reserve, erasing]) {
        expectEqual(typeof claim.value, 'boolean', 'value of a guarantee')
        if (!['probed', 'tested', 'unproven'].includes(claim.proof)) fail(`proof of a guarantee: ${claim.proof}`)
      }
    },
  },
  {
    id: 'journal/starts-empty',
    about: 'a namespace that nobody wrote to has size 0, no checkpoint, no records, no hashes, no state',
    async run({ seam }) {
      expectEqual(await seam.head('default'), { size: 0 }, 'head')
      expectEqual(await readAll(seam, 'default'), [], 'records')
      expectEqual((await seam.hashes('default', 0, 0, 10)).length, 0, 'bytes of hashes')
      expectEqual(await seam.loadState('default', 1), undefined, 'state')
    },
  },
  {
    id: 'journal/roundtrip',
    about: 'records come back in order, byte for byte, over many batches, with their runs',
    async run({ seam }) {
      const log = await openLog(seam)
      const batches = [
        await log.append([{}]),
        await log.append([{ run: 'a' }, { run: 'b' }, {}]),
        await log.append([{ run: 'a', header: new Uint8Array(60_000).fill(0x61) }]),
        await log.append([{ header: Uint8Array.from({ length: 256 }, (_, i) => i) }]),
      ]
      expectEqual(shown(await readAll(seam, 'default')), written(batches), 'records')
      expectEqual((await seam.head('default')).size, 6, 'size')
    },
  },
  {
    id: 'journal/large-batch',
    about: 'a batch of 5,000 records is one append',
    async run({ seam }) {
      const log = await openLog(seam)
      await log.append(plain(5_000))
      const all = await readAll(seam, 'default')
      expectEqual(all.length, 5_000, 'records')
      expectEqual(
        all.every(({ seq }, i) => seq === i),
        true,
        'ascending',
      )
    },
  },
  {
    id: 'journal/empty-batch',
    about: 'a batch without records changes nothing and is no error',
    async run({ seam }) {
      const log = await openLog(seam)
      await log.append(plain(2))
      await log.append([])
      expectEqual((await seam.head('default')).size, 2, 'size')
    },
  },
  {
    id: 'journal/range',
    about: '`from` is inclusive, `to` exclusive; past the end there is nothing',
    async run({ seam }) {
      const log = await openLog(seam)
      await log.append(plain(40))
      const seqs = async (from: number, to?: number): Promise<readonly number[]> =>
        (await readAll(seam, 'default', from, to === undefined ? {} : { to })).map(({ seq }) => seq)
      expectEqual(await seqs(37), [37, 38, 39], 'from 37')
      expectEqual(await seqs(3, 6), [3, 4, 5], '3 to 6')
      expectEqual(await seqs(6, 6), [], '6 to 6')
      expectEqual(await seqs(38, 1_000), [38, 39], '38 to 1000')
      expectEqual(await seqs(40), [], 'from the end')
      expectEqual(await seqs(1_000), [], 'past the end')
      await expectCode('INVALID_INPUT', () => seqs(-1), 'from -1')
    },
  },
  {
    id: 'journal/run-filter',
    about: 'with `run` only the records of that run come, in order, also from the middle',
    async run({ seam }) {
      const log = await openLog(seam)
      await log.append(
        Array.from({ length: 300 }, (_, i) => (i % 3 === 0 ? {} : { run: i % 3 === 1 ? 'odd' : 'even' })),
      )
      const seqs = async (run: string, from = 0, to = 300): Promise<readonly number[]> =>
        (await readAll(seam, 'default', from, { run, to })).map(({ seq }) => seq)
      expectEqual(
        await seqs('odd'),
        Array.from({ length: 100 }, (_, i) => 3 * i + 1),
        'odd',
      )
      expectEqual(await seqs('even', 290), [290, 293, 296, 299], 'even from 290')
      expectEqual(await seqs('even', 0, 6), [2, 5], 'even to 6')
      expectEqual(await seqs('unknown'), [], 'unknown run')
    },
  },
  {
    id: 'journal/payloads-on-request',
    about: 'payloads and salts come where they are asked for, and only there',
    async run({ seam }) {
      const log = await openLog(seam)
      const batch = await log.append([{ payload: bytes('one'), run: 'r' }, {}, { payload: bytes('three') }])
      expectEqual(shown(await readAll(seam, 'default')), written([batch]), 'without payloads')
      const all = written([batch], { payloads: true })
      expectEqual(shown(await readAll(seam, 'default', 0, { payloads: true })), all, 'with payloads')
      const ofRun = await readAll(seam, 'default', 0, { payloads: true, run: 'r' })
      expectEqual(shown(ofRun), all.slice(0, 1), 'with payloads of a run')
    },
  },
  {
    id: 'journal/payload-sizes',
    about: 'a payload may be empty or hold 1 MiB',
    async run({ seam }) {
      const log = await openLog(seam)
      await log.append([{ payload: new Uint8Array(0) }, { payload: new Uint8Array(1_048_576).fill(7) }])
      const [empty, large] = await readAll(seam, 'default', 0, { payloads: true })
      expectEqual(empty?.payload?.bytes.length, 0, 'bytes of the empty payload')
      expectEqual(large?.payload?.bytes.length, 1_048_576, 'bytes of the large payload')
      expectEqual(
        large?.payload?.bytes.every((byte) => byte === 7),
        true,
        'content of the large payload',
      )
    },
  },
  {
    id: 'journal/purge',
    about: 'purge destroys payload and salt of the records named, and nothing else',
    async run({ seam }) {
      const log = await openLog(seam)
      const batch = await log.append([{ payload: bytes('zero') }, { payload: bytes('one') }, { payload: bytes('two') }])
      await seam.purge(log.lease, [1])
      const left = { ...batch, payloads: batch.payloads.filter(({ seq }) => seq !== 1) }
      expectEqual(
        shown(await readAll(seam, 'default', 0, { payloads: true })),
        written([left], { payloads: true }),
        'records after the purge',
      )
    },
  },
  {
    id: 'journal/purge-is-idempotent',
    about: 'purging again, or what has no payload, is no error',
    async run({ seam }) {
      const log = await openLog(seam)
      await log.append([{ payload: bytes('zero') }, {}])
      await seam.purge(log.lease, [0, 1])
      await seam.purge(log.lease, [0, 1])
      await seam.purge(log.lease, [])
      expectEqual(
        (await readAll(seam, 'default', 0, { payloads: true })).map(({ payload }) => payload),
        [undefined, undefined],
        'payloads',
      )
    },
  },
  {
    id: 'journal/keeps-a-copy',
    about: 'changing bytes that were given in does not change what is stored',
    async run({ seam }) {
      const log = await openLog(seam)
      const header = bytes('{"a":1}')
      const payload = bytes('payload')
      const batch = await log.append([{ header, payload }])
      const before = written([batch], { payloads: true })
      header.fill(0)
      payload.fill(0)
      batch.records[0]?.leaf.fill(0)
      expectEqual(shown(await readAll(seam, 'default', 0, { payloads: true })), before, 'records')
    },
  },
  {
    id: 'journal/hashes-of-leaves',
    about: 'level 0 are the leaf hashes; where fewer are there, fewer come',
    async run({ seam }) {
      const log = await openLog(seam)
      const { records } = await log.append(plain(50))
      const leaves = Buffer.concat(records.map(({ leaf }) => leaf)).toString('hex')
      expectEqual(toHex(await seam.hashes('default', 0, 0, 50)), leaves, 'all')
      expectEqual(toHex(await seam.hashes('default', 0, 10, 3)), leaves.slice(640, 832), '10 to 12')
      expectEqual(toHex(await seam.hashes('default', 0, 48, 100)), leaves.slice(48 * 64), 'from 48')
      expectEqual((await seam.hashes('default', 0, 50, 1)).length, 0, 'past the end')
      expectEqual((await seam.hashes('default', 0, 0, 0)).length, 0, 'none asked')
    },
  },
  {
    id: 'journal/hashes-of-nodes',
    about: 'levels 4 and 8 are the complete subtrees of 16 and 256 leaves, also when batches cut them',
    async run({ seam }) {
      const log = await openLog(seam)
      const leaves: Uint8Array[] = []
      for (const count of [1, 14, 2, 15, 225, 250, 30])
        for (const { leaf } of (await log.append(plain(count))).records) leaves.push(leaf)
      const join = (hashes: readonly Uint8Array[], width: number): readonly Uint8Array[] =>
        Array.from({ length: Math.floor(hashes.length / width) }, (_, i) =>
          perfect(hashes.slice(i * width, (i + 1) * width)),
        )
      const hex = (hashes: readonly Uint8Array[]): string => Buffer.concat(hashes).toString('hex')
      const fours = join(leaves, 16)
      expectEqual(toHex(await seam.hashes('default', 4, 0, 100)), hex(fours), 'level 4')
      expectEqual(toHex(await seam.hashes('default', 4, 5, 2)), hex(fours.slice(5, 7)), 'level 4 from 5')
      expectEqual(toHex(await seam.hashes('default', 8, 0, 100)), hex(join(fours, 16)), 'level 8')
      expectEqual((await seam.hashes('default', 12, 0, 1)).length, 0, 'level 12')
    },
  },
  {
    id: 'journal/hashes-bad-level',
    about: 'a level that is not stored, or a negative place, is INVALID_INPUT',
    async run({ seam }) {
      const log = await openLog(seam)
      await log.append(plain(20))
      for (const [level, from, count] of [
        [1, 0, 1],
        [-4, 0, 1],
        [0.5, 0, 1],
        [0, -1, 1],
        [4, 0, -1],
      ] as const)
        await expectCode(
          'INVALID_INPUT',
          () => seam.hashes('default', level, from, count),
          `level ${level} from ${from}`,
        )
    },
  },
  {
    id: 'journal/wrong-leaf',
    about:
      'a record whose leaf hash is wrong is refused, or ends every read that comes to it with INTEGRITY, naming it',
    async run({ seam }) {
      const log = await openLog(seam)
      await log.append([{ run: 'r' }, {}])
      const batch = log.draft([{ run: 'r' }, {}])
      const [first, second] = batch.records
      if (first === undefined || second === undefined) return fail('a draft of two records has two')
      try {
        await seam.append(log.lease, 2, { ...batch, records: [{ ...first, leaf: leafHash(bytes('other')) }, second] })
      } catch (error) {
        return expectCodeOf(error, 'INVALID_INPUT', 'a wrong leaf')
      }
      for (const options of [{}, { run: 'r' }, { payloads: true }, { follow: true }]) {
        const seen: number[] = []
        const reading = (async () => {
          for await (const { seq } of seam.read('default', 0, options)) seen.push(seq)
        })()
        const error = await within(errorOf(reading, 'reading a wrong leaf'), 'reading a wrong leaf')
        expectCodeOf(error, 'INTEGRITY', 'a read')
        if (!/\b2\b/.test(error.message)) fail('the error does not name record 2')
        expectEqual(seen, 'run' in options ? [0] : [0, 1], 'records before it')
      }
    },
  },
  {
    id: 'journal/read-is-steady',
    about: 'a read that began before an append ends, without a gap and without a repetition',
    async run({ seam }) {
      const log = await openLog(seam)
      await log.append(plain(600))
      const seqs: number[] = []
      for await (const { seq } of seam.read('default', 0)) {
        seqs.push(seq)
        if (seq % 100 === 0) await log.append(plain(7))
      }
      if (seqs.length < 600) fail(`${seqs.length} of 600 records came`)
      expectEqual(
        seqs,
        seqs.map((_, i) => i),
        'order',
      )
    },
  },
]

function perfect(hashes: readonly Uint8Array[]): Uint8Array {
  const [only] = hashes
  if (hashes.length === 1 && only !== undefined) return only
  const half = hashes.length / 2
  return nodeHash(perfect(hashes.slice(0, half)), perfect(hashes.slice(half)))
}
