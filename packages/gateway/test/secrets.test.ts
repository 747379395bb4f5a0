import { expect, it } from 'vitest'
import { scrubHeaders } from '../src/scrub.ts'
import { secretsOf } from '../src/secrets.ts'

const names = ['a', 'b', 'c', 'd', 'e', 'f']

/** The secrets of an attempt, whose values are `VALUE-OF-NAME-N` with what `turn` says as N. */
function secrets(turn: () => number) {
  return secretsOf({
    issuer: {
      stands: () => Promise.resolve(true),
      token: (name) => Promise.resolve(Buffer.from(`value-of-${name}-${turn()}`)),
      refused: () => Promise.resolve(false),
      sign: (name) => Promise.resolve({ headers: [], sessionToken: `value-of-${name}-${turn()}` }),
    },
    carriers: { ...Object.fromEntries(names.map((name) => [name, { way: 'bearer' as const }])), aws: { way: 'sigv4' } },
    waitMs: 10_000,
  })
}

/** What the program sees of values that the place sends back. */
function echoed(all: ReturnType<typeof secretsOf>, values: readonly string[]): readonly (string | undefined)[] {
  const known = all.sentTo('api.example 443')
  if (known === undefined) throw new Error('nothing is scrubbed')
  return values.map((value) => scrubHeaders(['x-echo', value], known)[1])
}

it('scrubs every secret that a place was sent, each by its own name, however many there are', async () => {
  const all = secrets(() => 0)
  for (const name of names) await all.headerFor(name, 'api.example 443')
  await all.signatureFor('aws', 'api.example 443', { method: 'GET', path: '/', query: [], headers: {}, payload: 'x' })
  const scrubbed = echoed(all, [...names, 'aws'].map((name) => `value-of-${name}-0`)) // prettier-ignore
  expect(scrubbed).toEqual([...names, 'aws'].map((name) => `[redacted:${name}]`))
  expect(all.sentTo('other.example 443')).toBeUndefined()
})

it('forgets old values of a secret that is rotated all the time, and of no other', async () => {
  let turn = 0
  const all = secrets(() => turn)
  await all.headerFor('b', 'api.example 443')
  for (; turn < 9; turn++) await all.headerFor('a', 'api.example 443')
  const sent = ['value-of-b-0', ...Array.from({ length: 9 }, (_, at) => `value-of-a-${at}`)]
  const kept = sent.slice(1, 6)
  expect(echoed(all, sent)).toEqual(['[redacted:b]', ...kept, ...Array.from({ length: 4 }, () => '[redacted:a]')])
})
