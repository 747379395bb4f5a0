import { chmod, copyFile, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runToEnd } from './process.ts'

const tag = 'seamark-test/busybox:1'

/** What the programs of the tests are, each a link to busybox. */
const applets = {
  bin: ['sh', 'cat', 'pwd', 'sleep', 'echo', 'true', 'ls', 'id', 'touch', 'mount', 'umount', 'grep', 'dd', 'hostname'],
  'usr/bin': ['env', 'setsid', 'printf', 'head', 'yes', 'tr', 'wc', 'unshare', 'nc', 'seq'],
}

/**
 * Makes an image of Debian's static busybox, as there is no registry: a folder, packed and imported. It declares a
 * variable and a volume, which an attempt must not get.
 */
export async function importImage(host: string, dir: string): Promise<{ image: string; imageId: string }> {
  const root = join(dir, 'image')
  for (const folder of ['bin', 'usr/bin', 'etc', 'tmp', 'proc', 'sys', 'dev', 'home', 'declared'])
    await mkdir(join(root, folder), { recursive: true })
  await copyFile('/bin/busybox', join(root, 'bin/busybox'))
  await chmod(join(root, 'bin/busybox'), 0o755)
  for (const [folder, names] of Object.entries(applets))
    for (const name of names) await symlink('/bin/busybox', join(root, folder, name))
  await writeFile(join(root, 'etc/passwd'), 'root:x:0:0:root:/:/bin/sh\n')
  await writeFile(join(root, 'declared/of-image'), 'x')
  await writeFile(join(root, 'etc/plain'), 'not a program\n', { mode: 0o644 })
  const archive = join(dir, 'image.tar')
  await runToEnd(['tar', '--numeric-owner', '--owner=0', '--group=0', '-C', root, '-cf', archive, '.'], {
    dir,
    name: 'tar',
  })
  const changes = ['ENV FROM_IMAGE=1', 'VOLUME /declared'].flatMap((change) => ['--change', change])
  const said = await runToEnd(['/usr/bin/docker', '--host', host, 'import', ...changes, archive, tag], {
    dir,
    name: 'import',
  })
  await rm(root, { recursive: true })
  await rm(archive)
  const imageId = /sha256:[a-f0-9]{64}/.exec(said)?.[0]
  if (imageId === undefined) throw new Error(`docker import told no id: ${said}`)
  return { image: tag, imageId }
}
