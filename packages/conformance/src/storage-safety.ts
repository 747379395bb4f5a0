import type { StorageProvider } from '@seamark/core'
import { hasCode } from '@seamark/kit'
import { setImmediate } from 'node:timers/promises'
import { expectCode, expectEqual, fail, within } from './check.ts'
import { bytes, canDamage, collect, digest, inChunks, keysOf, pattern, read } from './storage-subject.ts'
import type { Case } from './suite.ts'

async function* hanging(): AsyncGenerator<Uint8Array> {
  yield pattern(300_000)
  await new Promise<never>(() => undefined)
}

/** What happens when something goes wrong, or at the same time. */
export const safetyCases: readonly Case<StorageProvider>[] = [
  {
    id: 'storage/if-absent',
    about: 'with ifAbsent a taken key keeps its object, and the answer describes that one',
    async run({ seam }) {
      const first = await seam.put('ns/a', bytes('first'), { ifAbsent: true })
      const second = await seam.put('ns/a', inChunks(bytes('second'), 3), { ifAbsent: true })
      expectEqual([first.created, second.created], [true, false], 'created')
      expectEqual([second.key, second.size], ['ns/a', 5], 'answer of the second put')
      expectEqual(await read(seam, 'ns/a'), bytes('first'), 'bytes')
    },
  },
  {
    id: 'storage/if-absent-race',
    about: 'of eight puts with ifAbsent at once exactly one creates, and its body is the one that stays',
    skip: (seam) => (seam.guarantees.conditionalWrite.value ? undefined : 'it does not claim conditionalWrite'),
    async run({ seam }) {
      for (let round = 0; round < 5; round++) {
        const key = `ns/${round}`
        const bodies = Array.from({ length: 8 }, (_, index) => pattern(5_000 + index, index + 1))
        const answers = await Promise.all(
          bodies.map((body) => seam.put(key, inChunks(body, 1_000), { ifAbsent: true })),
        )
        const winners = answers.flatMap(({ created }, index) => (created ? [index] : []))
        expectEqual(winners.length, 1, 'number of puts that created')
        const winner = bodies[winners[0] ?? 0] ?? fail('no body')
        expectEqual(digest((await read(seam, key)) ?? fail('gone')), digest(winner), 'body that stays')
        for (const answer of answers) expectEqual(answer.size, winner.byteLength, 'size in every answer')
      }
    },
  },
  {
    id: 'storage/interrupted-body',
    about: 'a body that fails leaves a free key free and a taken one as it was',
    async run({ seam }) {
      await seam.put('ns/taken', bytes('kept'))
      for (const key of ['ns/free', 'ns/taken']) {
        const failing = async function* (): AsyncGenerator<Uint8Array> {
          yield pattern(300_000)
          await setImmediate()
          throw new Error('the source broke')
        }
        const outcome = await seam.put(key, failing()).then(
          () => 'stored',
          () => 'failed',
        )
        expectEqual(outcome, 'failed', `put ${key}`)
      }
      expectEqual(await seam.head('ns/free'), undefined, 'free key')
      expectEqual(await read(seam, 'ns/taken'), bytes('kept'), 'taken key')
      expectEqual(await keysOf(seam), ['ns/taken'], 'listing')
    },
  },
  {
    id: 'storage/never-in-part',
    about: 'while a body is on its way, readers see what was there before',
    async run({ seam }) {
      await seam.put('ns/taken', bytes('old'))
      for (const key of ['ns/free', 'ns/taken']) {
        const before = key === 'ns/taken' ? bytes('old') : undefined
        const looking = async function* (): AsyncGenerator<Uint8Array> {
          for (let count = 0; count < 4; count++) {
            yield pattern(300_000)
            expectEqual(await read(seam, key), before, `bytes of ${key} during a put`)
            expectEqual(await keysOf(seam, key), before ? [key] : [], `listing of ${key} during a put`)
          }
        }
        await seam.put(key, looking())
        expectEqual((await seam.head(key))?.size, 1_200_000, `size of ${key} after the put`)
      }
    },
  },
  {
    id: 'storage/replace-is-atomic',
    about: 'readers during replacements see one whole body or another, never none and never a mixture',
    async run({ seam }) {
      const bodies = [pattern(400_000, 1), pattern(300_000, 2)]
      const known = new Set(bodies.map(digest))
      await seam.put('ns/a', bodies[0] ?? fail('no body'))
      let replacing = true
      const replace = async () => {
        for (let round = 0; round < 12; round++) await seam.put('ns/a', bodies[round % 2] ?? fail('no body'))
        replacing = false
      }
      const look = async () => {
        while (replacing) {
          const seen = (await read(seam, 'ns/a')) ?? fail('there was no object during a replacement')
          if (!known.has(digest(seen))) fail('a reader saw a mixture')
          await setImmediate()
        }
      }
      await Promise.all([replace(), look(), look()])
    },
  },
  {
    id: 'storage/wrong-size',
    about: 'a body of another size than announced is INTEGRITY and nothing is stored',
    async run({ seam }) {
      for (const size of [4, 6, 0])
        await expectCode('INTEGRITY', () => seam.put('ns/a', inChunks(bytes('12345'), 2), { size }), `size ${size}`)
      expectEqual(await keysOf(seam), [], 'listing')
      expectEqual((await seam.put('ns/a', bytes('12345'), { size: 5 })).created, true, 'right size')
    },
  },
  {
    id: 'storage/wrong-digest',
    about: 'a body of another digest than announced is INTEGRITY and nothing is stored',
    async run({ seam }) {
      await seam.put('ns/taken', bytes('kept'))
      const sha256 = digest(bytes('another'))
      for (const key of ['ns/a', 'ns/taken'])
        await expectCode('INTEGRITY', () => seam.put(key, inChunks(bytes('12345'), 2), { sha256 }), `put ${key}`)
      expectEqual(await keysOf(seam), ['ns/taken'], 'listing')
      expectEqual(await read(seam, 'ns/taken'), bytes('kept'), 'taken key')
      expectEqual((await seam.put('ns/a', bytes('another'), { sha256 })).created, true, 'right digest')
    },
  },
  {
    id: 'storage/verified-read',
    about: 'an object whose stored bytes changed ends with INTEGRITY when it is read',
    skip: (seam) => (seam.guarantees.verifiedRead.value ? undefined : 'it does not claim verifiedRead'),
    async run(subject) {
      if (!canDamage(subject)) fail('a storage with verifiedRead needs a subject with damage')
      const { seam } = subject
      await seam.put('ns/a', pattern(600_000))
      await seam.put('ns/b', bytes('whole'))
      await subject.damage('ns/a')
      await expectCode('INTEGRITY', () => read(seam, 'ns/a'), 'a damaged object')
      expectEqual(await read(seam, 'ns/b'), bytes('whole'), 'its neighbour')
    },
  },
  {
    id: 'storage/verified-range',
    about: 'a range that holds a stored byte that changed ends with INTEGRITY when it is read',
    skip: (seam) => (seam.guarantees.verifiedRange.value ? undefined : 'it does not claim verifiedRange'),
    async run(subject) {
      if (!canDamage(subject)) fail('a storage with verifiedRange needs a subject with damage')
      const { seam } = subject
      const data = pattern(600_000)
      await seam.put('ns/a', data)
      await subject.damage('ns/a')
      // Which byte changed is the subject's to choose: what is yielded of a range is right, or its end is INTEGRITY.
      const half = 300_000
      const damaged = await Promise.all(
        [
          { start: 0, end: half },
          { start: half, end: 600_000 },
        ].map(async (range) => {
          const got = await read(seam, 'ns/a', range).catch((error: unknown) => {
            if (hasCode(error, 'INTEGRITY')) return undefined
            throw error
          })
          if (got !== undefined) expectEqual(digest(got), digest(data.subarray(range.start, range.end)), 'a range')
          return got === undefined
        }),
      )
      expectEqual(damaged.includes(true), true, 'a range was found damaged')
    },
  },
  {
    id: 'storage/abort-put',
    about: 'an abort ends a put with ABORTED at once, even if its body hangs, and nothing is stored',
    async run({ seam }) {
      await expectCode(
        'ABORTED',
        () => seam.put('ns/a', bytes('x'), { signal: AbortSignal.abort() }),
        'put with an aborted signal',
      )
      const controller = new AbortController()
      setTimeout(() => controller.abort(), 20)
      await expectCode('ABORTED', () => seam.put('ns/a', hanging(), { signal: controller.signal }), 'put that hangs')
      expectEqual(await keysOf(seam), [], 'listing')
    },
  },
  {
    id: 'storage/abort-get',
    about: 'an abort ends a read with ABORTED before the next chunk',
    async run({ seam }) {
      await seam.put('ns/a', pattern(3_000_000))
      await expectCode('ABORTED', () => seam.get('ns/a', { signal: AbortSignal.abort() }), 'get')
      await expectCode('ABORTED', () => seam.head('ns/a', { signal: AbortSignal.abort() }), 'head')
      const controller = new AbortController()
      const found = (await seam.get('ns/a', { signal: controller.signal })) ?? fail('gone')
      const interrupted = async () => {
        for await (const chunk of found.body) if (chunk.byteLength > 0) controller.abort()
      }
      await expectCode('ABORTED', interrupted, 'reading on after an abort')
      const listing = new AbortController()
      await seam.put('ns/b', bytes('x'))
      const stopped = async () => {
        for await (const object of seam.list('', { signal: listing.signal })) if (object.key !== '') listing.abort()
      }
      await expectCode('ABORTED', stopped, 'listing on after an abort')
    },
  },
  {
    id: 'storage/left-early',
    about: 'a reader may stop after the first chunk, or never begin, and the object stays readable and deletable',
    async run({ seam }) {
      const data = pattern(2_000_000)
      await seam.put('ns/a', data)
      for (let round = 0; round < 20; round++) {
        const found = (await seam.get('ns/a')) ?? fail('gone')
        if (round % 2 === 0) for await (const chunk of found.body) if (chunk.byteLength > 0) break
      }
      const found = (await seam.get('ns/a')) ?? fail('gone')
      expectEqual(digest(await within(collect(found.body), 'reading')), digest(data), 'bytes')
      await seam.delete?.('ns/a')
    },
  },
]
