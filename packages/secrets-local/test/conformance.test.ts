import { registerSaboteurs, registerSuite, underTraits } from '@seamark/conformance'
import { secretsSuite } from '@seamark/conformance/secrets'
import type { SecretsSubject } from '@seamark/conformance/secrets'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { commandSecrets, environmentSecrets, fileSecrets, makeIdentityFile } from '../src/index.ts'

const folder = () => mkdtemp(join(tmpdir(), 'seamark-secrets-'))
const remove = (dir: string) => rm(dir, { recursive: true, force: true })

async function files(isEncrypted: boolean): Promise<SecretsSubject> {
  const dir = await folder()
  const identityFile = join(dir, 'identity')
  if (isEncrypted) await makeIdentityFile(identityFile)
  const make = () => fileSecrets({ dir: join(dir, 'secrets'), ...(isEncrypted && { encryption: { identityFile } }) })
  const seam = make()
  return {
    seam,
    reopen: async () => make(),
    put: async (ref, value, expiresAt) => void (await seam.set(ref, value, { ...(expiresAt && { expiresAt }) })),
    remove: async (ref) => void (await seam.delete(ref)),
    dispose: () => remove(dir),
  }
}

const plain = () => files(false)
const encrypted = () => files(true)

const variables = { alpha: 'SECRET_A', beta: 'SECRET_B', Alpha: 'SECRET_C' }

async function environment(): Promise<SecretsSubject> {
  const values: Record<string, string | undefined> = {}
  const variable = (ref: string) => new Map(Object.entries(variables)).get(ref)!
  return {
    seam: environmentSecrets({ environment: values, variables }),
    put: async (ref, value) => void (values[variable(ref)] = Buffer.from(value).toString()),
    remove: async (ref) => void (values[variable(ref)] = undefined),
    dispose: async () => undefined,
  }
}

async function command(): Promise<SecretsSubject> {
  const dir = await folder()
  const file = (ref: string) => join(dir, variables[ref as keyof typeof variables])
  const print = (ref: string) => ['/bin/sh', '-c', 'test -e "$0" || exit 44; cat "$0"; echo', file(ref)]
  const commands = Object.fromEntries(Object.keys(variables).map((ref) => [ref, print(ref)]))
  return {
    seam: commandSecrets({ commands, absentExitCode: 44, environment: process.env, pass: ['PATH'] }),
    put: (ref, value) => writeFile(file(ref), value),
    remove: (ref) => rm(file(ref)),
    dispose: () => remove(dir),
  }
}

describe('plain files', () => {
  registerSuite(secretsSuite, plain, { describe, it })
  registerSuite(underTraits(secretsSuite, plain), plain, { describe, it })
  registerSaboteurs(secretsSuite, plain, { describe, it })
})
describe('files encrypted with age', () => {
  registerSuite(secretsSuite, encrypted, { describe, it })
  registerSuite(underTraits(secretsSuite, encrypted), encrypted, { describe, it })
})
describe('an environment', () => {
  registerSuite(secretsSuite, environment, { describe, it })
  registerSuite(underTraits(secretsSuite, environment), environment, { describe, it })
})
describe('commands', () => {
  registerSuite(secretsSuite, command, { describe, it })
  registerSuite(underTraits(secretsSuite, command), command, { describe, it })
})
