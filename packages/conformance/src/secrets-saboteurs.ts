import type { SecretStore } from '@seamark/core'
import { createHash } from 'node:crypto'
import { hasCode, SeamError } from '@seamark/kit'
import { saboteur } from './sabotage.ts'
import type { Saboteur } from './suite.ts'

const broken = (about: string, rejectedBy: readonly string[], change: (right: SecretStore) => Partial<SecretStore>) =>
  saboteur<SecretStore>(
    about,
    rejectedBy.map((id) => `secrets/${id}`),
    change,
  )

type Found = Awaited<ReturnType<SecretStore['resolve']>>

/** One that changes each answer with a value. */
const answering = (
  about: string,
  rejectedBy: readonly string[],
  change: (found: Found) => Partial<Found>,
): Saboteur<SecretStore> =>
  broken(about, rejectedBy, (right) => ({
    async resolve(ref, options) {
      const found = await right.resolve(ref, options)
      return { ...found, ...change(found) }
    },
  }))

/** One that changes each description, with the value at hand. */
const telling = (
  about: string,
  rejectedBy: readonly string[],
  change: (value: Uint8Array) => object,
): Saboteur<SecretStore> =>
  broken(about, rejectedBy, (right) => ({
    async describe(ref, options) {
      const told = await right.describe(ref, options)
      return told && { ...told, ...change((await right.resolve(ref)).value) }
    },
  }))

const digest = (value: Uint8Array): string => createHash('sha256').update(value).digest('hex')

/** Broken stores, each rejected by the cases that it names. */
export const secretsSaboteurs: readonly Saboteur<SecretStore>[] = [
  broken('it has no name', ['says-what-it-is'], () => ({ name: '' })),
  answering('it trims values', ['exact-value'], ({ value }) => ({
    value: Buffer.from(Buffer.from(value).toString().trim()),
  })),
  answering('it reads values as Latin-1', ['exact-value'], ({ value }) => ({
    value: Buffer.from(Buffer.from(value).toString('latin1')),
  })),
  broken('it gives an empty value for what is not there', ['not-found', 'hostile-refs', 'fresh'], (right) => ({
    resolve: (ref, options) =>
      right.resolve(ref, options).catch((error: unknown) => {
        if (hasCode(error, 'NOT_FOUND') || hasCode(error, 'INVALID_INPUT')) return { ref, value: new Uint8Array() }
        throw error
      }),
  })),
  broken('it describes what is not there', ['not-found', 'fresh'], (right) => ({
    describe: async (ref, options) => (await right.describe(ref, options)) ?? { ref },
  })),
  broken('it cleans references up', ['hostile-refs'], (right) => ({
    resolve: (ref, options) => right.resolve(ref.replaceAll(/[^a-zA-Z]/g, ''), options),
  })),
  broken('the case of names does not count', ['kept-apart'], (right) => ({
    resolve: (ref, options) => right.resolve(ref.toLowerCase(), options),
  })),
  broken('it keeps values for ever', ['fresh'], (right) => {
    const kept = new Map<string, Found>()
    return {
      async resolve(ref, options) {
        const found = kept.get(ref) ?? (await right.resolve(ref, options))
        kept.set(ref, found)
        return found
      },
    }
  }),
  broken('it gives everybody the same bytes', ['own-copy'], (right) => {
    const shared = new Map<string, Uint8Array>()
    return {
      async resolve(ref, options) {
        const found = await right.resolve(ref, options)
        const value = shared.get(found.version ?? '') ?? found.value
        shared.set(found.version ?? '', value)
        return { ...found, value }
      },
    }
  }),
  broken('its version never changes', ['version-follows-value'], (right) => ({
    async describe(ref, options) {
      const told = await right.describe(ref, options)
      return told && { ...told, version: `1-${ref}` }
    },
    resolve: async (ref, options) => ({ ...(await right.resolve(ref, options)), version: `1-${ref}` }),
  })),
  broken('its version is another one each time', ['version-follows-value'], (right) => {
    let count = 0
    return {
      async describe(ref, options) {
        const told = await right.describe(ref, options)
        return told && { ...told, version: `${count++}` }
      },
    }
  }),
  telling('its version is a digest of the value', ['version-tells-nothing', 'description-without-value'], (value) => ({
    version: digest(value),
  })),
  telling('its version is a short digest of the value', ['version-tells-nothing'], (value) => ({
    version: `v-${digest(value).slice(0, 12)}`,
  })),
  telling('equal values have equal versions', ['version-tells-nothing'], (value) => ({
    version: digest(Buffer.concat([Buffer.from('pepper'), value])),
  })),
  telling('a description has the value', ['description-without-value'], (value) => ({ value })),
  telling('a description has the value in hex', ['description-without-value'], (value) => ({
    note: Buffer.from(value).toString('hex'),
  })),
  broken('it shows the values that it gave', ['store-without-value'], (right) => {
    const given: string[] = []
    const guarantees = { ...right.guarantees, given }
    return {
      guarantees,
      async resolve(ref, options) {
        const found = await right.resolve(ref, options)
        given.push(Buffer.from(found.value).toString())
        return found
      },
    }
  }),
  telling('it does not tell the end of a value', ['expiry'], () => ({ expiresAt: undefined })),
  broken('it gives values after their end', ['expiry'], (right) => {
    const kept = new Map<string, Found>()
    return {
      async describe(ref, options) {
        const told = await right.describe(ref, options)
        if (told !== undefined && !kept.has(ref)) kept.set(ref, await right.resolve(ref, options))
        return told
      },
      async resolve(ref, options) {
        const found = await right.resolve(ref, options).catch((error: unknown) => {
          if (!hasCode(error, 'FORBIDDEN')) throw error
          return undefined
        })
        return found ?? kept.get(ref) ?? { ref, value: new Uint8Array([1]) }
      },
    }
  }),
  broken('it mixes up who asked when many do', ['at-once'], (right) => {
    let last = ''
    return {
      async resolve(ref, options) {
        last = ref
        await new Promise((resolve) => setTimeout(resolve, 5))
        return { ...(await right.resolve(last, options)), ref }
      },
    }
  }),
  broken('it does not look at the signal', ['abort'], (right) => ({
    resolve: (ref) => right.resolve(ref),
    describe: (ref) => right.describe(ref),
  })),
  broken('it lists values beside the names', ['list'], (right) => ({
    async *list(options) {
      for await (const { ref } of right.list?.(options) ?? [])
        yield { ref, version: Buffer.from((await right.resolve(ref)).value).toString() }
    },
  })),
  broken('it lists one name', ['list'], (right) => ({
    async *list(options) {
      for await (const one of right.list?.(options) ?? []) {
        yield one
        return
      }
    },
  })),
  broken('it replaces whatever is there', ['replace'], (right) => ({
    async replace(ref, _, value, options) {
      const version = (await right.describe(ref))?.version ?? ''
      if (right.replace === undefined) throw new SeamError('UNSUPPORTED', 'It can not be written.')
      return right.replace(ref, version, value, options)
    },
  })),
]
