import { registerSaboteurs, registerSuite, underTraits } from '@seamark/conformance'
import { secretsSuite } from '@seamark/conformance/secrets'
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { mountedSecrets } from '../src/secrets/mounted-secrets.ts'
import { subject } from '../src/secrets/subject.ts'

registerSuite(secretsSuite, subject, { describe, it })
registerSaboteurs(secretsSuite, subject, { describe, it })
registerSuite(underTraits(secretsSuite, subject), subject, { describe, it })

describe('what the suite does not know of files', () => {
  let dir = ''
  const inDir = (...names: string[]) => join(dir, ...names)
  const value = async () => Buffer.from((await mountedSecrets({ dir: inDir('run') }).resolve('token')).value).toString()
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'seamark-mounted-'))
    await mkdir(inDir('run'))
  })
  afterEach(() => rm(dir, { recursive: true, force: true }))

  it('follows links as Kubernetes has them, to the newest value', async () => {
    for (const version of ['one', 'two']) {
      await mkdir(inDir('run', `..${version}`))
      await writeFile(inDir('run', `..${version}`, 'token'), `value-${version}`)
    }
    await symlink('..data/token', inDir('run', 'token'))
    await symlink('..one', inDir('run', '..data'))
    expect(await value()).toBe('value-one')
    await symlink('..two', inDir('run', '..next'))
    await rename(inDir('run', '..next'), inDir('run', '..data'))
    expect(await value()).toBe('value-two')
  })

  it('follows no link that leads out of the folder', async () => {
    await writeFile(inDir('outside'), 'not a secret of ours')
    await symlink('../outside', inDir('run', 'token'))
    await expect(value()).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })

  it('does not wait for a pipe', async () => {
    execFileSync('mkfifo', [inDir('run', 'token')])
    await expect(value()).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })

  it('refuses what is too large', async () => {
    await writeFile(inDir('run', 'token'), Buffer.alloc(65_537, 'abcd'))
    await expect(value()).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
  })

  it('says that the folder is away, not that the secret is', async () => {
    await rm(inDir('run'), { recursive: true })
    await expect(value()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
})
