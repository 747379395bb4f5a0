import { hasCode, isSeamError } from '@seamark/kit'
import { describe, expect, it } from 'vitest'
import { checkSpec } from '../src/check-spec.ts'
import { dockerExecutor } from '../src/index.ts'
import { checkEngine, wayOutProblem } from '../src/engine.ts'
import { guaranteesOf } from '../src/guarantees.ts'
import { checkOptions, isPinned, type DockerExecutorOptions } from '../src/options.ts'

const self = { uid: 1000, gid: 1000 }
const digest = 'a'.repeat(64)

function placeOf(call: () => unknown): string | undefined {
  try {
    call()
  } catch (error) {
    if (hasCode(error, 'INVALID_INPUT')) return error.problems[0]?.place?.pointer
    throw error
  }
  return undefined
}

describe('options', () => {
  it('get their defaults', () => {
    expect(checkOptions({ image: 'busybox' }, self)).toEqual({
      image: 'busybox',
      serviceImages: [],
      name: 'docker',
      deployment: 'default',
      socketPath: '/var/run/docker.sock',
      runtime: 'runc',
      user: self,
      limits: { cpus: 2, memoryBytes: 4 * 1024 ** 3, pids: 512, tmpBytes: 1024 ** 3 },
    })
  })

  it('are refused with their place', () => {
    const wrong: [string, Partial<DockerExecutorOptions>][] = [
      ['/image', { image: '' }],
      ['/image', { image: '-v' }],
      ['/image', { image: 'a b' }],
      ['/image', { image: 'name@sha256:abc' }],
      ['/image', { image: '../x' }],
      ['/serviceImages/1', { serviceImages: [`sha256:${digest}`, 'postgres:17'] }],
      ['/serviceImages', { serviceImages: [`sha256:${digest}`], runtime: 'runsc' }],
      ['/name', { name: 'a.b' }],
      ['/name', { name: '' }],
      ['/deployment', { deployment: 'A' }],
      ['/deployment', { deployment: 'x'.repeat(41) }],
      ['/runtime', { runtime: '--privileged' }],
      ['/socketPath', { socketPath: 'tcp://host:2375' }],
      ['/dir', { dir: 'here' }],
      ['/user', { user: { uid: 0, gid: 1 } }],
      ['/user', { user: { uid: 1, gid: 0 } }],
      ['/user', { user: { uid: 1.5, gid: 1 } }],
      ['/limits/cpus', { limits: { cpus: 0 } }],
      ['/limits/cpus', { limits: { cpus: NaN } }],
      ['/limits/memoryBytes', { limits: { memoryBytes: 1 } }],
      ['/limits/memoryBytes', { limits: { memoryBytes: Infinity } }],
      ['/limits/pids', { limits: { pids: -1 } }],
      ['/limits/tmpBytes', { limits: { tmpBytes: 0 } }],
    ]
    for (const [place, more] of wrong)
      expect([more, placeOf(() => checkOptions({ image: 'busybox', ...more }, self))]).toEqual([more, place])
  })

  it('refuse a tag where a digest is required', () => {
    const pinned = [`sha256:${digest}`, `busybox@sha256:${digest}`, `host:5000/a/b:1@sha256:${digest}`]
    for (const image of ['busybox', 'busybox:1', 'host:5000/a/b:1']) {
      expect(isPinned(image)).toBe(false)
      expect(placeOf(() => checkOptions({ image, requireDigest: true }, self))).toBe('/image')
    }
    for (const image of pinned) {
      expect(isPinned(image)).toBe(true)
      expect(checkOptions({ image, requireDigest: true }, self).image).toBe(image)
    }
  })
})

describe('an engine', () => {
  const facts = {
    runtimes: { runc: { path: 'runc', args: [] } },
    rootDir: '/var/lib/docker',
    securityOptions: ['name=seccomp,profile=default'],
    limits: { cpu: true, memory: true, pids: true },
    loggingDrivers: ['json-file', 'local'],
    cpus: 2,
    version: '20.10.24',
  }
  const settings = checkOptions({ image: 'busybox' }, self)

  it('is refused for a way out that its runtime would not let any attempt take', () => {
    const codeWith = (path: string, ...args: readonly string[]) => {
      return wayOutProblem({ runtimes: { it: { path, args } } }, { runtime: 'it' })?.code ?? 'taken'
    }
    for (const args of [
      [],
      ['--network=none'],
      ['--host-uds=none'],
      ['--host-uds=create'],
      ['--fsgofer-host-uds=false'],
    ])
      expect([args, codeWith('/usr/bin/runsc', ...args)]).toEqual([args, 'UNSUPPORTED'])
    for (const args of [['--host-uds=open'], ['-x', '-host-uds=all'], ['--fsgofer-host-uds']])
      expect([args, codeWith('/usr/local/bin/runsc', ...args)]).toEqual([args, 'taken'])
    expect(codeWith('runc')).toBe('taken')
  })

  it('is refused where it can not hold what is promised', () => {
    checkEngine(facts, settings)
    checkEngine({ ...facts, securityOptions: ['name=seccomp,profile=builtin', 'name=cgroupns'] }, settings)
    const lacking = [
      { runtimes: { runsc: { path: '/usr/bin/runsc', args: [] } } },
      { securityOptions: [] },
      { securityOptions: ['name=cgroupns'] },
      { securityOptions: ['name=seccomp,profile=default', 'name=userns'] },
      { securityOptions: ['name=seccomp,profile=default', 'name=rootless'] },
      { limits: { ...facts.limits, cpu: false } },
      { limits: { ...facts.limits, memory: false } },
      { limits: { ...facts.limits, pids: false } },
      { loggingDrivers: ['json-file'] },
    ]
    for (const less of lacking) {
      let code: string | undefined
      try {
        checkEngine({ ...facts, ...less }, settings)
      } catch (error) {
        code = isSeamError(error) && error.problems[0]?.remedy !== undefined ? error.code : 'other'
      }
      expect([less, code]).toEqual([less, 'UNAVAILABLE'])
    }
  })

  it('that is not there is told with a remedy', async () => {
    const executor = dockerExecutor({ image: 'busybox', socketPath: '/no/such/docker.sock' })
    expect(await executor.unavailable?.()).toMatchObject({ code: 'UNAVAILABLE', remedy: expect.any(String) })
    await expect(executor.attach('sm' + 'a'.repeat(32))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await executor.close?.()
  })
})

describe('a spec', () => {
  const right = { argv: ['/bin/true'], env: {}, cwd: '/', mounts: [] }
  const mount = { source: '/srv/a', target: '/a', mode: 'read-only' } as const

  it('is refused with the place of all that is wrong', () => {
    checkSpec({ ...right, mounts: [mount] }, guaranteesOf('runc'))
    const wrong: [string, Parameters<typeof checkSpec>[0]][] = [
      ['/argv', { ...right, argv: [''] }],
      ['/argv/0', { ...right, argv: ['a\uD800'] }],
      ['/env', { ...right, env: { 'A=B': '' } }],
      ['/cwd', { ...right, cwd: '/a/../b' }],
      ['/mounts/0/source', { ...right, mounts: [{ ...mount, source: '/srv/../etc' }] }],
      ['/mounts/0/target', { ...right, mounts: [{ ...mount, target: '/' }] }],
      ['/mounts/0/target', { ...right, mounts: [{ ...mount, target: '/proc/sys' }] }],
      ['/mounts/0/target', { ...right, mounts: [{ ...mount, target: '/dev' }] }],
      ['/mounts/1/target', { ...right, mounts: [mount, { ...mount, target: '/a/' }] }],
      ['/mounts/0/target', { ...right, mounts: [{ ...mount, target: '/.seamark-keep' }] }],
      ['/limits/cpu', { ...right, limits: { cpu: NaN } }],
      ['/limits/cpu', { ...right, limits: { cpu: 0.001 } }],
      ['/limits/memoryBytes', { ...right, limits: { memoryBytes: 1024 ** 2 } }],
      ['/limits/pids', { ...right, limits: { pids: 0 } }],
      ['/limits/diskBytes', { ...right, limits: { diskBytes: 1.5 } }],
      ['/limits/idleMs', { ...right, limits: { idleMs: 0 } }],
      ['/timeoutMs', { ...right, timeoutMs: 0 }],
      ['/maxOutputBytes', { ...right, maxOutputBytes: -1 }],
    ]
    for (const [place, spec] of wrong)
      expect([spec, placeOf(() => checkSpec(spec, guaranteesOf('runc')))]).toEqual([spec, place])
  })

  it('is refused with limits that a runtime is not known to hold', () => {
    const all = { cpu: 1, memoryBytes: 2 ** 30, pids: 9, diskBytes: 1, idleMs: 1 }
    checkSpec({ ...right, limits: all }, guaranteesOf('runc'))
    for (const field of ['cpu', 'memoryBytes', 'pids'] as const)
      expect(placeOf(() => checkSpec({ ...right, limits: { [field]: all[field] } }, guaranteesOf('runsc')))).toBe(
        `/limits/${field}`,
      )
    checkSpec({ ...right, timeoutMs: 1, limits: { diskBytes: 1, idleMs: 1 } }, guaranteesOf('runsc'))
  })
})
