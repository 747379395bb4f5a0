import type { PublicKey, Signer } from '@seamark/core'
import { sha256 } from '@seamark/kit'
import { setImmediate } from 'node:timers/promises'
import { saboteur } from './sabotage.ts'
import type { Saboteur } from './suite.ts'

const broken = (
  about: string,
  cases: readonly string[],
  change: (right: Signer) => Partial<Signer>,
): Saboteur<Signer> =>
  saboteur(
    about,
    cases.map((name) => `signer/${name}`),
    change,
  )

/** Signers that are broken in one way each. */
export const signerSaboteurs: readonly Saboteur<Signer>[] = [
  broken('it has no name', ['says-what-it-is'], () => ({ name: '' })),
  broken('it signs a digest', ['verifies'], (right) => ({
    sign: (bytes, options) => right.sign(sha256(bytes), options),
  })),
  broken('it signs only the first kilobyte', ['verifies'], (right) => ({
    sign: (bytes, options) => right.sign(bytes.subarray(0, 1024), options),
  })),
  broken('it names another key than it signs with', ['verifies'], (right) => ({
    sign: async (bytes, options) => ({ ...(await right.sign(bytes, options)), keyId: 'another' }),
  })),
  broken('its key verifies anything', ['one-message', 'key-form'], (right) => ({
    // The identity point, which is of small order: R = identity and S = 0 hold for every message.
    publicKey: async (options) => ({
      ...(await right.publicKey(options)),
      algorithm: 'ed25519',
      bytes: Uint8Array.from({ length: 32 }, (_, at) => (at === 0 ? 1 : 0)),
    }),
    sign: async (bytes, options) => ({
      ...(await right.sign(bytes, options)),
      algorithm: 'ed25519',
      signature: Uint8Array.from({ length: 64 }, (_, at) => (at === 0 ? 1 : 0)),
    }),
  })),
  broken('its key is in hex', ['key-form'], (right) => ({
    async publicKey(options) {
      const key = await right.publicKey(options)
      return { ...key, bytes: new TextEncoder().encode(Buffer.from(key.bytes).toString('hex')) }
    },
  })),
  broken('it looks at the bytes later', ['bytes-as-given'], (right) => ({
    async sign(bytes, options) {
      await setImmediate()
      return right.sign(bytes, options)
    },
  })),
  broken('it gives everybody the same bytes', ['own-copy'], (right) => {
    let key: Promise<PublicKey> | undefined
    return { publicKey: (options) => (key ??= right.publicKey(options)) }
  }),
  broken('its key has another id each time', ['stable-key'], (right) => {
    let count = 0
    return { publicKey: async (options) => ({ ...(await right.publicKey(options)), keyId: `key-${count++}` }) }
  }),
  broken('it mixes up who asked when many do', ['at-once'], (right) => {
    let last: Uint8Array
    return {
      async sign(bytes, options) {
        last = bytes
        await setImmediate()
        return right.sign(last, options)
      },
    }
  }),
  broken('it does not look at the signal', ['abort'], (right) => ({
    sign: (bytes) => right.sign(bytes),
    publicKey: () => right.publicKey(),
  })),
]
