package pgtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
)

// diskSize is that of a cluster's own disk in bytes: a fresh cluster with its write-ahead log takes about a third.
// It is memory, taken as it is used.
const diskSize = 512 << 20

// ErrNoDisk says that this process may not mount a disk: it is not root, or a container forbids it.
var ErrNoDisk = errors.New("this process may not mount a disk of its own")

// Disk is a small file system for one cluster that can really be full. It is a tmpfs in a mount namespace of its own,
// which a child process holds: when that ends, or this process, nothing is left of it.
type Disk struct {
	dir    string // within the namespace, and the empty mount point outside
	holder *exec.Cmd
	input  io.Closer // the holder ends with it
}

// NewDisk mounts an empty disk for PostgreSQL's user. The error is ErrNoDisk where that is not allowed.
func NewDisk(ctx context.Context) (*Disk, error) {
	if os.Getuid() != 0 {
		return nil, ErrNoDisk
	}
	dir, err := os.MkdirTemp("", "steward-disk-")
	if err != nil {
		return nil, fmt.Errorf("making a mount point: %w", err)
	}
	credential, err := unprivileged(dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	disk := &Disk{dir: dir}
	options := fmt.Sprintf("size=%d,mode=0700,uid=%d,gid=%d", diskSize, credential.Uid, credential.Gid)
	if err := disk.hold(ctx, options); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return disk, nil
}

// hold starts the child that owns the namespace. It reads its input, which the kernel closes when this process dies.
func (d *Disk) hold(ctx context.Context, options string) error {
	d.holder = exec.Command("unshare", "--mount", "--propagation", "private", // without a context: Close ends it
		"sh", "-c", `mount -t tmpfs -o "$1" tmpfs "$2" && echo mounted && exec cat`, "sh", options, d.dir)
	input, inputErr := d.holder.StdinPipe()
	output, outputErr := d.holder.StdoutPipe()
	if err := errors.Join(inputErr, outputErr, ctx.Err()); err != nil {
		return fmt.Errorf("preparing a disk: %w", err)
	}
	d.input = input
	if err := d.holder.Start(); err != nil {
		return fmt.Errorf("%w: %w", ErrNoDisk, err)
	}
	if line, err := bufio.NewReader(output).ReadString('\n'); line != "mounted\n" {
		return errors.Join(ErrNoDisk, err, input.Close(), d.holder.Wait())
	}
	return nil
}

// command runs a program on the disk as PostgreSQL's user; its working directory is the disk.
func (d *Disk) command(ctx context.Context, credential *syscall.Credential, program string, args ...string) *exec.Cmd {
	id := func(number uint32) string { return strconv.FormatUint(uint64(number), 10) }
	inside := []string{
		"--mount=/proc/" + strconv.Itoa(d.holder.Process.Pid) + "/ns/mnt", "--wdns=" + d.dir, "--",
		"setpriv", "--reuid=" + id(credential.Uid), "--regid=" + id(credential.Gid), "--clear-groups", "--pdeathsig=QUIT", "--", program,
	}
	return exec.CommandContext(ctx, "nsenter", append(inside, args...)...)
}

// filler is the file that takes what is left, as the outside sees it.
func (d *Disk) filler() string {
	return filepath.Join(fmt.Sprintf("/proc/%d/root", d.holder.Process.Pid), d.dir, "filler")
}

// Fill takes every byte that is left: whoever writes next meets a full disk.
func (d *Disk) Fill() (err error) {
	file, err := os.OpenFile(d.filler(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("filling a disk: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	block := make([]byte, os.Getpagesize())
	for {
		if _, err := file.Write(block); errors.Is(err, syscall.ENOSPC) {
			return nil
		} else if err != nil {
			return fmt.Errorf("filling a disk: %w", err)
		}
	}
}

// Free gives back what Fill took.
func (d *Disk) Free() error {
	if err := os.Remove(d.filler()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("freeing a disk: %w", err)
	}
	return nil
}

// Close unmounts the disk; what was on it is gone. The cluster on it must have ended.
func (d *Disk) Close() error {
	if err := errors.Join(d.input.Close(), d.holder.Wait(), os.RemoveAll(d.dir)); err != nil {
		return fmt.Errorf("taking a disk away: %w", err)
	}
	return nil
}
