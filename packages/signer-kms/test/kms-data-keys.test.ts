import { describe, expect, it } from 'vitest'
import { kmsDataKeys } from '../src/index.ts'
import { accessTo, failing, freshKms } from './support.ts'

const context = { namespace: 'default', purpose: 'payload' }

describe('data keys of KMS', () => {
  it('open to themselves, in their context only', async () => {
    const kms = await freshKms()
    const keys = kmsDataKeys(accessTo(kms, kms.createKey()))
    const { plaintext, wrapped } = await keys.generate(context)
    expect([plaintext.length, wrapped.length <= 1024]).toEqual([32, true])
    expect(await keys.unwrap(wrapped, context)).toEqual(plaintext)
    for (const other of [{}, { ...context, namespace: 'other' }, { ...context, more: 'x' }])
      await expect(keys.unwrap(wrapped, other)).rejects.toEqual(failing('INTEGRITY', 'InvalidCiphertextException'))
    await expect(keys.unwrap(wrapped.subarray(1), context)).rejects.toEqual(failing('INTEGRITY'))
    expect(kms.calls[0]?.context).toEqual(context)
  })

  it('open after KMS rotated, and after another key took over', async () => {
    const kms = await freshKms()
    const [one, two, three] = [kms.createKey(), kms.createKey(), kms.createKey()]
    const before = await kmsDataKeys(accessTo(kms, one)).generate(context)
    kms.run('RotateKeyOnDemand', { KeyId: one })
    expect(await kmsDataKeys(accessTo(kms, one)).unwrap(before.wrapped, context)).toEqual(before.plaintext)
    const later = kmsDataKeys({ ...accessTo(kms, three), earlierKeyIds: [two, one] })
    expect(await later.unwrap(before.wrapped, context)).toEqual(before.plaintext)
  })

  it('of a key that is not named are INTEGRITY', async () => {
    const kms = await freshKms()
    const foreign = await kmsDataKeys(accessTo(kms, kms.createKey())).generate(context)
    await expect(kmsDataKeys(accessTo(kms, kms.createKey())).unwrap(foreign.wrapped, context)).rejects.toEqual(
      failing('INTEGRITY', 'IncorrectKeyException'),
    )
  })

  it('tell what is wrong as the signer does', async () => {
    const kms = await freshKms()
    const arn = kms.createKey()
    const keys = kmsDataKeys(accessTo(kms, arn))
    const { wrapped } = await keys.generate(context)
    kms.deny({ operation: 'Decrypt' })
    await expect(keys.unwrap(wrapped, context)).rejects.toEqual(failing('FORBIDDEN', 'AccessDeniedException'))
    kms.run('DisableKey', { KeyId: arn })
    await expect(keys.generate(context)).rejects.toEqual(failing('UNAVAILABLE', 'DisabledException'))
    const signing = kmsDataKeys(accessTo(kms, kms.createKey('ECC_NIST_P256')))
    await expect(signing.generate(context)).rejects.toEqual(failing('INVALID_INPUT', 'InvalidKeyUsageException'))
  })
})
