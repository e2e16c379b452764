//! The C functions `memcpy` and `memmove` of the static program, on `x86_64`.
//!
//! Those of musl start a `rep movsq` for each copy. Most copies are a few bytes of a row, so that costs more than the
//! copy itself: `cargo xtask bench cpu` measures it. This crate moves all bytes through registers, as LLVM's C library
//! and glibc do. No library with such a function is in a registry that the build can pin: zig's makes streams cheaper
//! too, but single rows dearer. musl's functions for other processors do not have this cost.
//!
//! A program gets them with `extern crate memcpy as _;`: the linker takes an object file of musl's library only for a
//! function that is still undefined.

#![no_std]
// Otherwise the compiler may replace a loop of `memcpy` by a call of `memcpy`.
#![no_builtins]
#![cfg(target_arch = "x86_64")]

use core::arch::x86_64::__m128i;

/// A cache line.
type Line = [__m128i; 4];

const LINE: usize = size_of::<Line>();

/// The C function, which here also permits that the two ranges overlap.
///
/// # Safety
/// `from` is valid for reads of `length` bytes, and `to` for writes.
#[cfg(target_env = "musl")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, length: usize) -> *mut u8 {
    // SAFETY: the caller gives what `copy` requires.
    unsafe { copy(to, from, length) };
    to
}

/// The C function.
///
/// # Safety
/// `from` is valid for reads of `length` bytes, and `to` for writes.
#[cfg(target_env = "musl")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, length: usize) -> *mut u8 {
    // SAFETY: the caller gives what `copy` requires.
    unsafe { copy(to, from, length) };
    to
}

/// Copies `length` bytes. The two ranges may overlap.
///
/// # Safety
/// `from` is valid for reads of `length` bytes, and `to` for writes.
#[inline]
pub unsafe fn copy(to: *mut u8, from: *const u8, length: usize) {
    // SAFETY: each arm has the lengths that its function requires.
    unsafe {
        match length {
            0 => {}
            1 => to.write(from.read()),
            2..=3 => both_ends::<u16>(to, from, length),
            4..=7 => both_ends::<u32>(to, from, length),
            8..=15 => both_ends::<u64>(to, from, length),
            16..=31 => both_ends::<__m128i>(to, from, length),
            32..=63 => both_ends::<[__m128i; 2]>(to, from, length),
            64..=128 => both_ends::<Line>(to, from, length),
            // An end that lies before `from` wraps around, to a large number.
            _ if to.addr().wrapping_sub(from.addr()) >= length => forwards(to, from, length),
            _ => backwards(to, from, length),
        }
    }
}

/// Copies the first and the last bytes, of the size of `T` each, which together are all.
///
/// # Safety
/// As for [`copy`]. `length` is at least the size of `T`, and at most twice that.
#[inline]
unsafe fn both_ends<T>(to: *mut u8, from: *const u8, length: usize) {
    let last = length - size_of::<T>();
    // SAFETY: both places have the size of a `T`, within the ranges. All is read before the first byte is written.
    unsafe {
        let start = from.cast::<T>().read_unaligned();
        let end = from.add(last).cast::<T>().read_unaligned();
        to.cast::<T>().write_unaligned(start);
        to.add(last).cast::<T>().write_unaligned(end);
    }
}

/// Copies line by line, and the last line, which may overlap the one before, at the end.
///
/// # Safety
/// As for [`copy`]. `length` is at least a line, and `to` does not lie within the bytes of `from`, except at its start.
unsafe fn forwards(to: *mut u8, from: *const u8, length: usize) {
    let last = length - LINE;
    // SAFETY: each line begins at most at `last`. A line that is written ends before the next one that is read begins,
    // and the last one is read first.
    unsafe {
        let end = from.add(last).cast::<Line>().read_unaligned();
        let mut done = 0;
        while done < last {
            let line = from.add(done).cast::<Line>().read_unaligned();
            to.add(done).cast::<Line>().write_unaligned(line);
            done += LINE;
        }
        to.add(last).cast::<Line>().write_unaligned(end);
    }
}

/// Copies line by line from the end, and the first line, which may overlap the one after, at the end.
///
/// # Safety
/// As for [`copy`]. `length` is at least a line, and `to` lies behind `from`.
unsafe fn backwards(to: *mut u8, from: *const u8, length: usize) {
    // SAFETY: each line begins at the start or later. A line that is written begins behind the end of the next one
    // that is read, and the first one is read first.
    unsafe {
        let start = from.cast::<Line>().read_unaligned();
        let mut left = length;
        while left > LINE {
            left -= LINE;
            let line = from.add(left).cast::<Line>().read_unaligned();
            to.add(left).cast::<Line>().write_unaligned(line);
        }
        to.cast::<Line>().write_unaligned(start);
    }
}
