import { randomUUID } from 'node:crypto'
import { wireError } from '../wire-error.ts'
import { makeMaterial, newMaterial } from './key.ts'
import type { KmsKey } from './key.ts'

/** What one principal may do with one key, beside the key's policy. */
export interface Grant {
  readonly id: string
  readonly token: string
  readonly key: string
  readonly grantee: string
  readonly operations: readonly string[]
  readonly name?: string
  readonly createdAt: number
  /** Pairs that the encryption context must be, or must contain. */
  readonly equals?: Readonly<Record<string, string>>
  readonly subset?: Readonly<Record<string, string>>
}

export interface KmsStore {
  readonly account: string
  readonly region: string
  readonly keys: Map<string, KmsKey>
  /** By name, beginning with `alias/`. */
  readonly aliases: Map<string, { target: string; readonly createdAt: number; updatedAt: number }>
  readonly grants: Map<string, Grant>
  now(): number
  create(request: { readonly spec: string; readonly usage: string | undefined; readonly description: string }): KmsKey
  arnOf(resource: string): string
  /** The key of an id, an ARN, an alias or an alias's ARN. Errors: `NotFoundException`, `InvalidArnException`. */
  find(reference: string): KmsKey
  /** The same, and it must be usable. Errors: `DisabledException`, `KMSInvalidStateException`. */
  usable(reference: string): KmsKey
}

export function kmsStore(options: {
  readonly account: string
  readonly region: string
  readonly now: () => number
}): KmsStore {
  const { account, region, now } = options
  const keys = new Map<string, KmsKey>()
  const aliases: KmsStore['aliases'] = new Map()
  const grants: KmsStore['grants'] = new Map()
  const arnOf = (resource: string) => `arn:aws:kms:${region}:${account}:${resource}`

  /** What time has done since: deletion, and rotation once a period. */
  function settle(key: KmsKey): KmsKey | undefined {
    if (key.deletionAt !== undefined && key.deletionAt <= now()) {
      keys.delete(key.id)
      for (const [name, { target }] of aliases) if (target === key.id) aliases.delete(name)
      for (const [id, grant] of grants) if (grant.key === key.id) grants.delete(id)
      return undefined
    }
    while (key.state === 'Enabled' && key.rotation !== undefined && key.rotation.next <= now()) {
      key.materials.push(newMaterial({ at: key.rotation.next, type: 'AUTOMATIC' }))
      key.rotation.next += key.rotation.periodDays * 86_400_000
    }
    return key
  }

  function find(reference: string): KmsKey {
    let name = reference
    if (reference.startsWith('arn:')) {
      const [, , service, where, owner, ...resource] = reference.split(':')
      if (service !== 'kms' || resource.length !== 1) throw wireError('InvalidArnException', `Invalid arn ${reference}`)
      if (where !== region) throw wireError('NotFoundException', `Invalid arn ${where ?? ''}`)
      name = (resource[0] ?? '').replace(/^key\//, '')
      if (owner !== account) throw absent(reference)
    }
    if (name.startsWith('alias/')) {
      const alias = aliases.get(name)
      if (alias === undefined) throw wireError('NotFoundException', `Alias ${arnOf(name)} is not found.`)
      name = alias.target
    }
    const key = keys.get(name)
    const there = key && settle(key)
    if (there !== undefined) return there
    throw absent(/^[0-9a-f-]{36}$/.test(name) ? arnOf(`key/${name}`) : name)
  }

  function absent(name: string): Error {
    return name.startsWith('arn:')
      ? wireError('NotFoundException', `Key '${name}' does not exist`)
      : wireError('NotFoundException', `Invalid keyId '${name}'`)
  }

  return {
    account,
    region,
    keys,
    aliases,
    grants,
    now,
    arnOf,
    find,
    create({ spec, usage, description }) {
      const id = randomUUID()
      const made = makeMaterial(spec, usage)
      const key: KmsKey = {
        ...made,
        id,
        arn: arnOf(`key/${id}`),
        spec,
        description,
        createdAt: now(),
        state: 'Enabled',
      }
      keys.set(id, key)
      return key
    },
    usable(reference) {
      const key = find(reference)
      if (key.state === 'Disabled') throw wireError('DisabledException', `${key.arn} is disabled.`)
      if (key.state === 'PendingDeletion')
        throw wireError('KMSInvalidStateException', `${key.arn} is pending deletion.`)
      return key
    },
  }
}
