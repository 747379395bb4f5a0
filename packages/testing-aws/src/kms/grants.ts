import { randomBytes } from 'node:crypto'
import { invalid, wireError } from '../wire-error.ts'
import type { Operation } from './operation.ts'
import { page } from './operation.ts'

/** Permissions that are given to one principal for one key. */
export const grantOperations: Readonly<Record<string, Operation>> = {
  CreateGrant(store, input) {
    const key = store.usable(input.text('KeyId'))
    const grantee = input.text('GranteePrincipal')
    const operations = input.texts('Operations')
    if (!/^arn:aws:(iam|sts)::\d{12}:/.test(grantee))
      throw wireError('InvalidArnException', 'ARN does not refer to a valid principal')
    if (operations.length === 0)
      throw invalid("Value at 'operations' failed to satisfy constraint: Member must not be empty")
    const constraints = input.object('Constraints')
    const id = randomBytes(32).toString('hex')
    const token = randomBytes(96).toString('base64')
    const name = input.optionalText('Name')
    store.grants.set(id, {
      id,
      token,
      key: key.id,
      grantee,
      operations,
      createdAt: store.now(),
      ...(name !== undefined && { name }),
      ...(constraints?.has('EncryptionContextEquals') === true && {
        equals: constraints.pairs('EncryptionContextEquals'),
      }),
      ...(constraints?.has('EncryptionContextSubset') === true && {
        subset: constraints.pairs('EncryptionContextSubset'),
      }),
    })
    return { GrantId: id, GrantToken: token }
  },
  ListGrants(store, input) {
    const key = store.find(input.text('KeyId'))
    const { items, more } = page(
      [...store.grants.values()].filter((grant) => grant.key === key.id),
      input,
      50,
      100,
    )
    const shown = items.map((grant) => ({
      CreationDate: grant.createdAt / 1000,
      GrantId: grant.id,
      GranteePrincipal: grant.grantee,
      IssuingAccount: `arn:aws:iam::${store.account}:root`,
      KeyId: key.arn,
      Name: grant.name ?? '',
      Operations: grant.operations,
      ...((grant.equals || grant.subset) && {
        Constraints: {
          ...(grant.equals && { EncryptionContextEquals: grant.equals }),
          ...(grant.subset && { EncryptionContextSubset: grant.subset }),
        },
      }),
    }))
    return { Grants: shown, ...more }
  },
  RevokeGrant(store, input) {
    const key = store.find(input.text('KeyId'))
    const id = input.text('GrantId')
    if (store.grants.get(id)?.key !== key.id) throw wireError('NotFoundException', `Grant ID ${id} not found`)
    store.grants.delete(id)
    return {}
  },
}
