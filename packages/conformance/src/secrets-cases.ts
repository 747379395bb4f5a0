import type { SecretDescription, SecretStore } from '@seamark/core'
import { isSeamError } from '@seamark/kit'
import { inspect } from 'node:util'
import { expectCode, expectEqual, fail, within } from './check.ts'
import { bytes, claimsExpiry, filled, traces } from './secrets-subject.ts'
import type { SecretsSubject } from './secrets-subject.ts'
import type { Case, Subject } from './suite.ts'

const first = bytes('first-value-0123456789')
const second = bytes('second-value-abcdefgh')
const day = 86_400_000

async function valueOf(seam: SecretStore, ref: string): Promise<string> {
  return Buffer.from((await within(seam.resolve(ref), `resolve ${ref}`)).value).toString()
}

async function versionOf(seam: SecretStore, ref: string): Promise<string> {
  const { version } = (await within(seam.describe(ref), `describe ${ref}`)) ?? fail(`${ref} is not described`)
  return version ?? fail(`${ref} has no version`)
}

/** The subject with `first` as its `alpha`. */
async function withAlpha(subject: Subject<SecretStore>): Promise<SecretsSubject> {
  const store = filled(subject)
  await store.put('alpha', first)
  return store
}

/** All that a log could show of something. */
const written = (it: unknown): string => inspect(it, { depth: 10, showHidden: true }) + JSON.stringify(it)

function checkNoTrace(text: string, ref: string, value: Uint8Array, what: string): void {
  // The text is not quoted: where the check fails it has the value.
  if (traces(ref, value).some((trace) => text.includes(trace))) fail(`${what} tells of the value`)
}

/** Every behaviour of a secret store. */
export const secretsCases: readonly Case<SecretStore>[] = [
  {
    id: 'secrets/says-what-it-is',
    about: 'spec, kind and name are there',
    async run({ seam }) {
      expectEqual(seam.spec, 'secrets/v1', 'spec')
      if (!/^[a-z][a-z0-9.-]*$/.test(seam.kind)) fail(`kind ${inspect(seam.kind)}`)
      if (seam.name === '') fail('it has no name')
    },
  },
  {
    id: 'secrets/exact-value',
    about: 'a value comes back byte for byte, whatever characters are in it',
    async run(subject) {
      const { seam, put } = filled(subject)
      const values = [
        'plain-0123',
        ' space around ',
        '$(id) `id` $HOME "\'\\',
        'line one\nline two',
        'ключ-пароль-鍵-🔑',
        '=%2F&?#;|<>',
      ]
      for (const value of values) {
        await put('alpha', bytes(value))
        const found = await within(seam.resolve('alpha'), 'resolve')
        expectEqual(Buffer.from(found.value).toString(), value, 'value')
        expectEqual(found.value instanceof Uint8Array, true, 'it is bytes')
        expectEqual(found.ref, 'alpha', 'ref')
      }
    },
  },
  {
    id: 'secrets/not-found',
    about: 'a secret that is not there is NOT_FOUND, and its description undefined',
    async run(subject) {
      const { seam, put } = filled(subject)
      await expectCode('NOT_FOUND', () => seam.resolve('beta'), 'resolve in an empty store')
      expectEqual(await seam.describe('beta'), undefined, 'description in an empty store')
      await put('alpha', first)
      await expectCode('NOT_FOUND', () => seam.resolve('beta'), 'resolve beside another one')
      expectEqual(await seam.describe('beta'), undefined, 'description beside another one')
    },
  },
  {
    id: 'secrets/hostile-refs',
    about: 'a reference that is no name leads nowhere, and is NOT_FOUND or INVALID_INPUT',
    async run(subject) {
      const { seam } = await withAlpha(subject)
      const refs = [
        '',
        '.',
        '..',
        '../alpha',
        './alpha',
        'alpha/',
        'alpha\0',
        'alpha\n',
        ' alpha',
        'alpha*',
        '__proto__',
        'constructor',
        'toString',
        '/etc/passwd',
        'x'.repeat(10_000),
      ]
      for (const ref of refs) {
        const outcome = await within(
          seam.resolve(ref).then(
            () => 'a value',
            (error: unknown) => (isSeamError(error) ? error.code : inspect(error)),
          ),
          'resolve',
        )
        if (outcome !== 'NOT_FOUND' && outcome !== 'INVALID_INPUT') fail(`${inspect(ref.slice(0, 40))} gave ${outcome}`)
      }
    },
  },
  {
    id: 'secrets/kept-apart',
    about: 'two secrets never answer for each other, also where their names differ by case',
    async run(subject) {
      const { seam, put } = await withAlpha(subject)
      await put('Alpha', second)
      expectEqual(
        [await valueOf(seam, 'alpha'), await valueOf(seam, 'Alpha')],
        [first, second].map((value) => Buffer.from(value).toString()),
        'values',
      )
    },
  },
  {
    id: 'secrets/fresh',
    about: 'a value that was replaced or removed is not given again',
    async run(subject) {
      const { seam, put, remove } = await withAlpha(subject)
      await valueOf(seam, 'alpha')
      await put('alpha', second)
      expectEqual(await valueOf(seam, 'alpha'), Buffer.from(second).toString(), 'value after it was replaced')
      await remove('alpha')
      await expectCode('NOT_FOUND', () => seam.resolve('alpha'), 'resolve after it was removed')
      expectEqual(await seam.describe('alpha'), undefined, 'description after it was removed')
    },
  },
  {
    id: 'secrets/own-copy',
    about: 'whoever was given a value may wipe it, and others keep theirs',
    async run(subject) {
      const { seam } = await withAlpha(subject)
      const [one, other] = [await seam.resolve('alpha'), await seam.resolve('alpha')]
      one.value.fill(0)
      expectEqual(Buffer.from(other.value).toString(), Buffer.from(first).toString(), 'the value that another one has')
      expectEqual(await valueOf(seam, 'alpha'), Buffer.from(first).toString(), 'the value afterwards')
    },
  },
  {
    id: 'secrets/version-follows-value',
    about: 'the version stays while the value does, changes with it, and is the same in both answers',
    async run(subject) {
      const { seam, put } = await withAlpha(subject)
      const before = await versionOf(seam, 'alpha')
      expectEqual(await versionOf(seam, 'alpha'), before, 'version asked again')
      expectEqual((await seam.resolve('alpha')).version, before, 'version with the value')
      await put('alpha', second)
      const after = await versionOf(seam, 'alpha')
      if (after === before) fail('another value has the same version')
      expectEqual((await seam.resolve('alpha')).version, after, 'version with the other value')
    },
  },
  {
    id: 'secrets/version-tells-nothing',
    about: 'no value can be guessed from a version: it is no digest, and equal values have different ones',
    async run(subject) {
      const { seam, put } = await withAlpha(subject)
      await put('beta', first)
      const versions = [await versionOf(seam, 'alpha'), await versionOf(seam, 'beta')]
      for (const [index, ref] of ['alpha', 'beta'].entries())
        checkNoTrace(versions[index] ?? '', ref, first, `the version of ${ref}`)
      if (versions[0] === versions[1]) fail('two secrets of one value have one version')
    },
  },
  {
    id: 'secrets/description-without-value',
    about: 'a description has the reference, and nothing of the value in any encoding',
    async run(subject) {
      const { seam } = await withAlpha(subject)
      const told = (await seam.describe('alpha')) ?? fail('it is not described')
      expectEqual(told.ref, 'alpha', 'ref')
      expectEqual('value' in told, false, 'it has a value')
      checkNoTrace(written(told), 'alpha', first, 'the description')
    },
  },
  {
    id: 'secrets/store-without-value',
    about: 'a store that is written into a log has no value that it gave',
    async run(subject) {
      const { seam } = await withAlpha(subject)
      await seam.resolve('alpha')
      checkNoTrace(written(seam), 'alpha', first, 'the store')
    },
  },
  {
    id: 'secrets/expiry',
    about: 'the end of a value is told with it, and after it the value is FORBIDDEN',
    skip: (seam) => (claimsExpiry(seam) ? undefined : 'it does not claim expiry'),
    async run(subject) {
      const { seam, put } = filled(subject)
      const later = Date.now() + day
      await put('alpha', first, later)
      expectEqual((await seam.describe('alpha'))?.expiresAt, later, 'end in the description')
      expectEqual((await seam.resolve('alpha')).expiresAt, later, 'end with the value')
      const soon = Date.now() + 1_000
      await put('beta', second, soon)
      while (Date.now() <= soon) await new Promise((resolve) => setTimeout(resolve, 20))
      await expectCode('FORBIDDEN', () => seam.resolve('beta'), 'resolve after the end')
      expectEqual((await seam.describe('beta'))?.expiresAt, soon, 'end in the description after it')
    },
  },
  {
    id: 'secrets/list',
    about: 'the names that it knows are listed, each once, without a value',
    skip: (seam) => (seam.list === undefined ? 'it does not know its names' : undefined),
    async run(subject) {
      const { seam, put } = await withAlpha(subject)
      await put('beta', second)
      const listed: SecretDescription[] = []
      for await (const one of seam.list?.() ?? fail('it has no list')) listed.push(one)
      const refs = listed.map(({ ref }) => ref)
      for (const ref of ['alpha', 'beta'])
        expectEqual(refs.filter((one) => one === ref).length, 1, `times that ${ref} is listed`)
      checkNoTrace(written(listed), 'alpha', first, 'the list')
      checkNoTrace(written(listed), 'beta', second, 'the list')
    },
  },
  {
    id: 'secrets/replace',
    about: 'a value takes the place of the one of a version only, and nothing that was set or removed since is undone',
    skip: (seam) => (seam.replace === undefined ? 'it can not be written' : undefined),
    async run(subject) {
      const { seam, put, remove } = await withAlpha(subject)
      const replace = async (version: string, value: Uint8Array): Promise<void> =>
        void (await within(seam.replace?.('alpha', version, value) ?? fail('it has no replace'), 'replace'))
      const before = await versionOf(seam, 'alpha')
      await replace(before, second)
      expectEqual(await valueOf(seam, 'alpha'), Buffer.from(second).toString(), 'value that was put there')
      await expectCode('CONFLICT', () => replace(before, first), 'replace of a version of before')
      expectEqual(await valueOf(seam, 'alpha'), Buffer.from(second).toString(), 'value after it was refused')
      const after = await versionOf(seam, 'alpha')
      await put('alpha', first)
      await expectCode('CONFLICT', () => replace(after, second), 'replace of what was set since')
      await remove('alpha')
      await expectCode('NOT_FOUND', () => replace(after, second), 'replace of what was removed')
      expectEqual(await seam.describe('alpha'), undefined, 'description after it was removed')
    },
  },
  {
    id: 'secrets/at-once',
    about: 'many who ask at once all get the value that they asked for',
    async run(subject) {
      const { seam, put } = await withAlpha(subject)
      await put('beta', second)
      const asked = Array.from({ length: 24 }, (_, index) => (index % 2 === 0 ? 'alpha' : 'beta'))
      const values = await within(Promise.all(asked.map((ref) => valueOf(seam, ref))), 'many at once')
      const wanted = asked.map((ref) => Buffer.from(ref === 'alpha' ? first : second).toString())
      expectEqual(values, wanted, 'values')
    },
  },
  {
    id: 'secrets/abort',
    about: 'a call whose signal has fired is ABORTED',
    async run(subject) {
      const { seam } = await withAlpha(subject)
      const signal = AbortSignal.abort()
      await expectCode('ABORTED', () => seam.resolve('alpha', { signal }), 'resolve')
      await expectCode('ABORTED', () => seam.describe('alpha', { signal }), 'describe')
      expectEqual(await valueOf(seam, 'alpha'), Buffer.from(first).toString(), 'the value afterwards')
    },
  },
]
