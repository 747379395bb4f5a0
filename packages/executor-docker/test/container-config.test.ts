import type { LaunchSpec } from '@seamark/core'
import { isSeamError } from '@seamark/kit'
import { describe, expect, it } from 'vitest'
import { checkSpec } from '../src/check-spec.ts'
import { companionConfig } from '../src/companions.ts'
import { containerConfig, notStartedConfig } from '../src/container-config.ts'
import { findMissing, programPaths, type Look } from '../src/missing.ts'
import { guaranteesOf } from '../src/guarantees.ts'
import { LABEL } from '../src/names.ts'
import { checkOptions } from '../src/options.ts'
import type { PathFacts } from '../src/port.ts'

const id = `sha256:${'b'.repeat(64)}`
const image = {
  id,
  repoDigests: [],
  env: ['PATH=/opt/bin', 'FROM_IMAGE=1'],
  volumes: ['/data', '/case'],
  command: ['/entry'],
  workingDir: '/',
}
const keeper = '/opt/keep'
const launching = {
  launchId: 'sm' + 'a'.repeat(32),
  scope: 'seamark.default.docker',
  creator: 'me',
  image,
  cpus: 8,
  keeper,
  own: 2,
}
const settings = checkOptions(
  { image: 'busybox', runtime: 'runsc', limits: { cpus: 1.5, memoryBytes: 2 ** 30, pids: 64 } },
  { uid: 1234, gid: 567 },
)
const spec = {
  argv: ['/bin/sh', '-c', 'true'],
  env: { A: 'x=y\nz', HOSTNAME: 'mine' },
  cwd: '/case',
  mounts: [{ source: '/srv/case', target: '/case', mode: 'read-write' as const }],
  timeoutMs: 1000,
  maxOutputBytes: 100,
}

describe('the container of a spec', () => {
  const config = containerConfig(spec, launching, settings)

  it('is sealed off', () => {
    expect(config).toMatchObject({
      Image: id,
      // A second past its time, where no service has ended it.
      Entrypoint: ['/.seamark-keep', '2000', '2', '--', '/bin/sh', '-c', 'true'],
      Cmd: [],
      User: '1234:567',
      WorkingDir: '/case',
      NetworkDisabled: true,
      OpenStdin: false,
      StdinOnce: false,
      Healthcheck: { Test: ['NONE'] },
      HostConfig: {
        Runtime: 'runsc',
        Privileged: false,
        Init: false,
        ReadonlyRootfs: true,
        NetworkMode: 'none',
        IpcMode: 'private',
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges', expect.stringMatching(/^seccomp=\{"defaultAction":"SCMP_ACT_ERRNO"/)],
        NanoCpus: 1_500_000_000,
        Memory: 2 ** 30,
        MemorySwap: 2 ** 30,
        PidsLimit: 64,
        RestartPolicy: { Name: 'no' },
      },
    })
    for (const name of ['Binds', 'Devices', 'CapAdd', 'VolumesFrom', 'PidMode', 'UTSMode', 'UsernsMode', 'GroupAdd'])
      expect(config.HostConfig).not.toHaveProperty(name)
  })

  it('has the smaller of the limits of executor, spec and engine', () => {
    const limited = (limits: NonNullable<LaunchSpec['limits']>, cpus = 8) =>
      containerConfig({ ...spec, limits }, { ...launching, cpus }, settings).HostConfig
    expect(limited({ cpu: 0.5, memoryBytes: 2 ** 24, pids: 8 })).toMatchObject({
      NanoCpus: 500_000_000,
      Memory: 2 ** 24,
      MemorySwap: 2 ** 24,
      // The engine's own first process is one more.
      PidsLimit: 9,
    })
    expect(limited({ cpu: 64, memoryBytes: 2 ** 40, pids: 1000 })).toMatchObject({
      NanoCpus: 1_500_000_000,
      Memory: 2 ** 30,
      PidsLimit: 65,
    })
    expect(limited({}, 1)).toMatchObject({ NanoCpus: 1_000_000_000, PidsLimit: 64 })
  })

  it('says on its labels what is watched', () => {
    const limits = { pids: 1000, idleMs: 5, diskBytes: 0 }
    const { Labels } = containerConfig({ ...spec, limits }, launching, settings)
    expect([Labels[LABEL.pids], Labels[LABEL.idleMs], Labels[LABEL.diskBytes]]).toEqual(['64', '5', '0'])
    expect([config.Labels[LABEL.pids], config.Labels[LABEL.idleMs]]).toEqual(['', ''])
  })

  it('has an input only where the spec has one', () => {
    expect(containerConfig({ ...spec, stdin: 'pipe' }, launching, settings).OpenStdin).toBe(true)
    expect(containerConfig({ ...spec, stdin: 'none' }, launching, settings).OpenStdin).toBe(false)
  })

  it('has the environment of the spec and takes away all else', () => {
    expect(config.Env.toSorted()).toEqual(['A=x=y\nz', 'FROM_IMAGE', 'HOSTNAME=mine', 'PATH', 'SEAMARK_WATCHWORD'])
  })

  it('has the watchword where the keeper finds it, and whoever asks the engine', () => {
    const watchword = '0f'.repeat(16)
    const { Env, Labels } = containerConfig(spec, { ...launching, watchword }, settings)
    expect(Env.filter((entry) => entry.startsWith('SEAMARK'))).toEqual([`SEAMARK_WATCHWORD=${watchword}`])
    expect([Labels[LABEL.watchword], config.Labels[LABEL.watchword]]).toEqual([watchword, ''])
  })

  it('gives an empty folder for each volume of the image, but where a mount is', () => {
    expect(Object.keys(config.HostConfig.Tmpfs).toSorted()).toEqual(['/data', '/tmp'])
    expect(config.HostConfig.Mounts).toEqual([
      {
        Type: 'bind',
        Source: '/srv/case',
        Target: '/case',
        ReadOnly: false,
        BindOptions: { Propagation: 'rprivate' },
      },
      {
        Type: 'bind',
        Source: keeper,
        Target: '/.seamark-keep',
        ReadOnly: true,
        BindOptions: { Propagation: 'rprivate' },
      },
    ])
  })

  it('sets every label, so that none is the image’s own', () => {
    const { timeoutMs: _, maxOutputBytes: __, ...free } = spec
    const labels = containerConfig(free, launching, settings).Labels
    const names = Object.values(LABEL).filter((name) => name !== LABEL.stop)
    expect(Object.keys(labels).toSorted()).toEqual(names.toSorted())
    expect(labels).toMatchObject({ [LABEL.timeoutMs]: '', [LABEL.maxOutputBytes]: '', [LABEL.notStarted]: '' })
  })

  it('has a log that holds more than the limit even where it is cut', () => {
    const { 'max-size': size, 'max-file': files, compress } = config.HostConfig.LogConfig.Config
    expect([config.HostConfig.LogConfig.Type, files, compress]).toEqual(['local', '2', 'false'])
    expect(Number(size)).toBeGreaterThan(100 * 40)
    const huge = containerConfig({ ...spec, maxOutputBytes: Number.MAX_SAFE_INTEGER }, launching, settings)
    expect(huge.HostConfig.LogConfig.Config['max-size']).toMatch(/^\d+$/)
  })

  it('of what can not start has nothing of the spec', () => {
    const stands = notStartedConfig('ENOENT: gone', launching, settings)
    expect(stands.Labels[LABEL.notStarted]).toBe('ENOENT: gone')
    expect([stands.HostConfig.Mounts.length, stands.Entrypoint.slice(1)]).toEqual([1, ['0', '2', '--', '/']])
  })
})

describe('what is missing', () => {
  const file: PathFacts = { kind: 'file', executable: true, leadsTo: '' }
  const look = (files: Readonly<Record<string, PathFacts>>, made: readonly string[] = []): Look => ({
    stat: (path) => Promise.resolve(files[path]),
    wasMade: (path) => Promise.resolve(made.includes(path)),
  })
  const missing = (more: Partial<typeof spec>, seen: Look) => {
    const all = { ...spec, cwd: '/', ...more }
    return findMissing(all, containerConfig(all, launching, settings), seen)
  }

  it('is a program', async () => {
    expect(await missing({}, look({ '/bin/sh': file }))).toBeUndefined()
    expect(await missing({}, look({}))).toMatch(/^ENOENT/)
    expect(await missing({}, look({ '/bin/sh': { ...file, executable: false } }))).toMatch(/^EACCES/)
    expect(await missing({}, look({ '/bin/sh': { ...file, kind: 'folder' } }))).toMatch(/^EACCES/)
    const link: PathFacts = { kind: 'link', executable: true, leadsTo: '/bin/busybox' }
    expect(await missing({}, look({ '/bin/sh': link, '/bin/busybox': file }))).toBeUndefined()
    expect(await missing({}, look({ '/bin/sh': link }))).toMatch(/^ENOENT/)
    expect(await missing({}, look({ '/bin/sh': link, '/bin/busybox': link }))).toMatch(/^ENOENT/)
    // What an image has there is covered by an empty folder.
    expect(await missing({ argv: ['/tmp/x'] }, look({ '/tmp/x': file }))).toMatch(/^ENOENT/)
    expect(await missing({ argv: ['/data/x'] }, look({ '/data/x': file }))).toMatch(/^ENOENT/)
  })

  it('is looked for as execvp does', () => {
    const at = (argv: string[], env: Record<string, string>, cwd: string) =>
      programPaths({ argv, env, cwd, mounts: [] })
    expect(at(['npm'], { PATH: '/a::b' }, '/w')).toEqual(['/a/npm', '/w/npm', '/w/b/npm'])
    expect(at(['npm'], {}, '/w')).toEqual(['/bin/npm', '/usr/bin/npm'])
    expect(at(['./npm'], { PATH: '/a' }, '/w')).toEqual(['/w/npm'])
  })

  it('is a working folder', async () => {
    const has = { '/bin/sh': file, '/case/in': { ...file, kind: 'folder' as const } }
    expect(await missing({ cwd: '/case' }, look(has))).toBeUndefined()
    expect(await missing({ cwd: '/case/in' }, look(has))).toBeUndefined()
    expect(await missing({ cwd: '/tmp' }, look(has))).toBeUndefined()
    expect(await missing({ cwd: '/etc' }, look(has))).toBeUndefined()
    expect(await missing({ cwd: '/case/out' }, look(has))).toMatch(/^ENOENT/)
    expect(await missing({ cwd: '/tmp/x' }, look(has))).toMatch(/^ENOENT/)
    expect(await missing({ cwd: '/no/such' }, look(has, ['/no', '/no/such']))).toMatch(/^ENOENT/)
  })
})

describe('the container beside that of a spec', () => {
  const db = {
    name: 'db',
    image: id,
    argv: ['/beside', 'serve'],
    env: { A: '1' },
    mounts: [{ source: '/srv/data', target: '/data', mode: 'read-write' as const }],
  }
  const both = { ...spec, companions: [db] }
  const own = containerConfig(both, launching, settings)
  const config = companionConfig('main', db, both, { ...launching, watchword: 'f00d' }, settings, launching.scope)

  it('is sealed off as that is, on its network and nothing else', () => {
    for (const field of [
      'Runtime',
      'Privileged',
      'ReadonlyRootfs',
      'IpcMode',
      'CapDrop',
      'SecurityOpt',
      'MaskedPaths',
      'Ulimits',
      'RestartPolicy',
    ] as const)
      // prettier-ignore
      expect([field, config.HostConfig[field]]).toEqual([field, own.HostConfig[field]])
    expect(config).toMatchObject({
      Image: id,
      User: own.User,
      Entrypoint: ['/beside', 'serve', '/entry'],
      Cmd: [],
      WorkingDir: '/',
      Env: ['A=1'],
      HostConfig: {
        NetworkMode: 'container:main',
        Mounts: [{ Type: 'bind', Source: '/srv/data', Target: '/data', ReadOnly: false }],
      },
    })
    expect(Object.keys(config.HostConfig.Tmpfs).toSorted()).toEqual(['/case', '/run', '/tmp', '/var/tmp'])
    expect(JSON.stringify(config)).not.toContain('f00d')
  })

  it('is no launch of its own, and has half of the limits', () => {
    expect(config.Labels).toMatchObject({ [LABEL.scope]: '', [LABEL.launch]: '', [LABEL.watchword]: '' })
    expect(config.Labels[LABEL.beside]).toContain(launching.launchId)
    for (const { HostConfig } of [own, config])
      expect(HostConfig).toMatchObject({ NanoCpus: 750_000_000, Memory: 2 ** 29, PidsLimit: 32 })
  })

  it('is refused with all that is wrong with it', () => {
    const refused = (companions: LaunchSpec['companions'], limits?: LaunchSpec['limits']) => {
      try {
        checkSpec({ ...spec, ...(companions && { companions }), ...(limits && { limits }) }, guaranteesOf('runc', [id]))
        return []
      } catch (error) {
        return isSeamError(error) ? error.problems.map(({ place }) => place?.pointer) : error
      }
    }
    expect(refused([db])).toEqual([])
    const wrong = { ...db, image: 'postgres:17', argv: [], env: { 'A=': '' } }
    expect(refused([db, { ...wrong, mounts: [{ source: '/srv', target: '/dev/shm', mode: 'read-only' }] }])).toEqual([
      '/companions/1/name',
      '/companions/1/argv',
      '/companions/1/env',
      '/companions/1/mounts/0/target',
      '/companions/1/image',
    ])
    expect(refused(Array.from({ length: 9 }, (_, i) => ({ ...db, name: `db${i}` })))).toEqual(['/companions'])
    expect(refused([db], { memoryBytes: 8 * 2 ** 20 })).toEqual(['/limits/memoryBytes'])
  })
})
