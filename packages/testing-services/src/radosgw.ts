import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cephConf } from './ceph-conf.ts'
import { answersHttp, freePort, keep, runToEnd, untilReady } from './process.ts'
import type { KeptProcess, RunningServer } from './process.ts'
import type { S3Access } from './s3-access.ts'

/** A running radosgw. SSE-KMS has the keys `testkey-1` and `testkey-2`. */
export interface Radosgw extends S3Access {
  /** Folder of the cluster, for `radosgwAdmin`. */
  readonly dir: string
}

/**
 * Ceph's S3 server on a cluster of one monitor and one disk, all on the loopback address below one temporary folder.
 * It enforces signatures, policies, versions and Object Lock; it ignores `If-None-Match` and `x-amz-checksum-*`.
 * Takes about ten seconds. Rejects where Ceph's programs are not installed.
 */
export async function startRadosgw(): Promise<Radosgw & RunningServer> {
  const dir = await mkdtemp(join(tmpdir(), 'seamark-radosgw-'))
  const processes: KeptProcess[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(processes.toReversed().map((kept) => kept.stop()))
    await rm(dir, { recursive: true, force: true, maxRetries: 3 })
  }
  try {
    return { ...(await start(dir, processes)), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function start(dir: string, processes: KeptProcess[]): Promise<Radosgw> {
  const [port, monPort] = [await freePort(), await freePort()]
  const endpoint = `http://127.0.0.1:${port}`
  const fsid = randomUUID()
  for (const name of ['mon', 'osd', 'rgw']) await mkdir(join(dir, name))
  await writeFile(join(dir, 'ceph.conf'), cephConf({ dir, fsid, port, monPort }))
  const env = { CEPH_CONF: join(dir, 'ceph.conf') }
  const run = (...argv: string[]): Promise<string> => runToEnd(argv, { dir, name: `setup-${argv[0]}`, env })
  const serve = (...argv: string[]): KeptProcess => {
    const kept = keep(argv, { dir, name: argv[0] ?? '', env, endsBy: 'KILL' })
    processes.push(kept)
    return kept
  }
  const keyring = join(dir, 'keyring')

  const mayAll = ['mon', 'osd'].flatMap((kind) => ['--cap', kind, 'allow *'])
  await run('ceph-authtool', '--create-keyring', keyring, '--gen-key', '-n', 'mon.', '--cap', 'mon', 'allow *')
  await run('ceph-authtool', keyring, '--gen-key', '-n', 'client.admin', ...mayAll)
  const map = join(dir, 'monmap')
  await run('monmaptool', '--create', '--fsid', fsid, '--addv', 'a', `[v1:127.0.0.1:${monPort}]`, map)
  await run('ceph-mon', '--mkfs', '-i', 'a', '--monmap', map, '--keyring', keyring)
  serve('ceph-mon', '-f', '-i', 'a')
  const disk = randomUUID()
  await again(() => run('ceph', 'osd', 'new', disk))
  await run('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', disk)
  const isUp = async (): Promise<boolean> => / 1 up/.test(await run('ceph', 'osd', 'stat'))
  await again(async () => {
    const osd = serve('ceph-osd', '-f', '-i', '0')
    try {
      await untilReady(isUp, [osd])
    } catch (error) {
      processes.splice(processes.indexOf(osd), 1)
      await osd.stop()
      throw error
    }
  })
  serve('radosgw', '-f', '-n', 'client.rgw')
  await untilReady(() => answersHttp(endpoint), processes)
  const user = { accessKeyId: 'test', secretAccessKey: 'testsecret' }
  await createRadosgwUser({ dir }, 'test', user)
  return { dir, endpoint, region: 'default', ...user }
}

/** A client of the monitor may ask before it knows the cluster's id, and is refused: a race that is not ours. */
async function again(act: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await act()
      return
    } catch (error) {
      if (tries === 8) throw error
    }
  }
}

/** Runs `radosgw-admin` on a running cluster. Resolves with what it printed. */
export async function radosgwAdmin({ dir }: Pick<Radosgw, 'dir'>, ...args: string[]): Promise<string> {
  const env = { CEPH_CONF: join(dir, 'ceph.conf') }
  return runToEnd(['radosgw-admin', ...args], { dir, name: `admin-${randomUUID()}`, env })
}

/** Makes another user. */
export async function createRadosgwUser(
  radosgw: Pick<Radosgw, 'dir'>,
  uid: string,
  keys: { readonly accessKeyId: string; readonly secretAccessKey: string },
): Promise<void> {
  const { accessKeyId, secretAccessKey } = keys
  const given = [`--access-key=${accessKeyId}`, `--secret=${secretAccessKey}`]
  await radosgwAdmin(radosgw, 'user', 'create', `--uid=${uid}`, `--display-name=${uid}`, ...given)
}
