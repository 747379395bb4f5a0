import { invalid, wireError } from '../wire-error.ts'
import type { Input } from './input.ts'
import { metadata } from './key.ts'
import type { KmsKey } from './key.ts'
import type { Operation } from './operation.ts'
import { page } from './operation.ts'
import type { KmsStore } from './store.ts'

const ALIAS = /^alias\/[A-Za-z0-9/_-]{1,250}$/

function notPending(store: KmsStore, input: Input, name = 'KeyId'): KmsKey {
  const key = store.find(input.text(name))
  if (key.state === 'PendingDeletion') throw wireError('KMSInvalidStateException', `${key.arn} is pending deletion.`)
  return key
}

function aliasName(input: Input): string {
  const name = input.text('AliasName')
  if (!name.startsWith('alias/')) throw invalid('Invalid identifier')
  if (!ALIAS.test(name))
    throw invalid(`Value '${name}' at 'aliasName' failed to satisfy constraint: alias/[a-zA-Z0-9/_-]+`)
  if (name.startsWith('alias/aws/')) throw wireError('NotAuthorizedException', '')
  return name
}

/** The life of keys and the names that they go by. */
export const keyOperations: Readonly<Record<string, Operation>> = {
  CreateKey(store, input) {
    const key = store.create({
      spec: input.optionalText('KeySpec') ?? input.optionalText('CustomerMasterKeySpec') ?? 'SYMMETRIC_DEFAULT',
      usage: input.optionalText('KeyUsage'),
      description: input.optionalText('Description') ?? '',
    })
    return { KeyMetadata: metadata(key) }
  },
  DescribeKey: (store, input) => ({ KeyMetadata: metadata(store.find(input.text('KeyId'))) }),
  ListKeys(store, input) {
    const { items, more } = page([...store.keys.values()], input, 100, 1000)
    return { Keys: items.map(({ id, arn }) => ({ KeyArn: arn, KeyId: id })), ...more }
  },
  EnableKey(store, input) {
    notPending(store, input).state = 'Enabled'
    return {}
  },
  DisableKey(store, input) {
    notPending(store, input).state = 'Disabled'
    return {}
  },
  ScheduleKeyDeletion(store, input) {
    const days = input.integer('PendingWindowInDays', 30, 7, 30)
    const key = notPending(store, input)
    key.state = 'PendingDeletion'
    key.deletionAt = store.now() + days * 86_400_000
    return {
      DeletionDate: key.deletionAt / 1000,
      KeyId: key.arn,
      KeyState: key.state,
      PendingWindowInDays: days,
    }
  },
  CancelKeyDeletion(store, input) {
    const key = store.find(input.text('KeyId'))
    if (key.state !== 'PendingDeletion')
      throw wireError('KMSInvalidStateException', `${key.arn} is not pending deletion.`)
    key.state = 'Disabled'
    key.deletionAt = undefined
    return { KeyId: key.arn }
  },
  CreateAlias(store, input) {
    const name = aliasName(input)
    const key = notPending(store, input, 'TargetKeyId')
    if (store.aliases.has(name))
      throw wireError('AlreadyExistsException', `An alias with the name ${store.arnOf(name)} already exists`)
    store.aliases.set(name, { target: key.id, createdAt: store.now(), updatedAt: store.now() })
    return {}
  },
  UpdateAlias(store, input) {
    const name = aliasName(input)
    const key = notPending(store, input, 'TargetKeyId')
    const alias = store.aliases.get(name)
    if (alias === undefined) throw wireError('NotFoundException', `Alias ${store.arnOf(name)} is not found.`)
    // An alias moves only between keys of one type and use.
    const present = store.find(alias.target)
    if ((present.pair === undefined) !== (key.pair === undefined) || present.usage !== key.usage)
      throw invalid(`Alias ${store.arnOf(name)} cannot be changed from ${present.spec} to ${key.spec}.`)
    alias.target = key.id
    alias.updatedAt = store.now()
    return {}
  },
  DeleteAlias(store, input) {
    const name = aliasName(input)
    if (!store.aliases.delete(name)) throw wireError('NotFoundException', `Alias ${store.arnOf(name)} is not found.`)
    return {}
  },
  ListAliases(store, input) {
    const only = input.optionalText('KeyId')
    const id = only === undefined ? undefined : store.find(only).id
    const all = [...store.aliases].filter(([, { target }]) => id === undefined || target === id)
    const { items, more } = page(all, input, 50, 100)
    const shown = items.map(([name, { target, createdAt, updatedAt }]) => ({
      AliasArn: store.arnOf(name),
      AliasName: name,
      CreationDate: createdAt / 1000,
      LastUpdatedDate: updatedAt / 1000,
      TargetKeyId: target,
    }))
    return { Aliases: shown, ...more }
  },
}
