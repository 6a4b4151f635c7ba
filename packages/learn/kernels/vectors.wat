;; What every optimizer needs of plain arrays, four float32 at a time (WebAssembly SIMD). src/optimizer/optimizer-memory.ts calls them;
;; `npm run generate` assembles all of kernels/ into src/optimizer/kernel-bytes.ts.
;;
;; All addresses are byte offsets into the memory. Lengths are in floats.
(module
  (import "retort" "memory" (memory 1))

  ;; Σ x² over `n` floats from `x`, summed in doubles. Four sums run side by side, so that none waits for its own last addition.
  (func (export "squareSum") (param $x i32) (param $n i32) (result f64)
    (local $end i32) (local $vectorEnd i32) (local $v v128) (local $pair v128) (local $tail f64) (local $one f64)
    (local $sum0 v128) (local $sum1 v128) (local $sum2 v128) (local $sum3 v128)
    (local.set $end (i32.add (local.get $x) (i32.shl (local.get $n) (i32.const 2))))
    (local.set $vectorEnd (i32.add (local.get $x) (i32.shl (i32.and (local.get $n) (i32.const -8)) (i32.const 2))))
    (block $vectorsDone
      (loop $vectors
        (br_if $vectorsDone (i32.ge_u (local.get $x) (local.get $vectorEnd)))
        (local.set $v (v128.load (local.get $x)))
        (local.set $pair (f64x2.promote_low_f32x4 (local.get $v)))
        (local.set $sum0 (f64x2.add (local.get $sum0) (f64x2.mul (local.get $pair) (local.get $pair))))
        ;; The upper two floats, moved to where promote_low finds them.
        (local.set $pair
          (f64x2.promote_low_f32x4
            (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $v) (local.get $v))))
        (local.set $sum1 (f64x2.add (local.get $sum1) (f64x2.mul (local.get $pair) (local.get $pair))))
        (local.set $v (v128.load offset=16 (local.get $x)))
        (local.set $pair (f64x2.promote_low_f32x4 (local.get $v)))
        (local.set $sum2 (f64x2.add (local.get $sum2) (f64x2.mul (local.get $pair) (local.get $pair))))
        ;; The upper two floats, moved to where promote_low finds them.
        (local.set $pair
          (f64x2.promote_low_f32x4
            (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $v) (local.get $v))))
        (local.set $sum3 (f64x2.add (local.get $sum3) (f64x2.mul (local.get $pair) (local.get $pair))))
        (local.set $x (i32.add (local.get $x) (i32.const 32)))
        (br $vectors)))
    (block $done
      (loop $rest
        (br_if $done (i32.ge_u (local.get $x) (local.get $end)))
        (local.set $one (f64.promote_f32 (f32.load (local.get $x))))
        (local.set $tail (f64.add (local.get $tail) (f64.mul (local.get $one) (local.get $one))))
        (local.set $x (i32.add (local.get $x) (i32.const 4)))
        (br $rest)))
    (local.set $sum0
      (f64x2.add
        (f64x2.add (local.get $sum0) (local.get $sum1))
        (f64x2.add (local.get $sum2) (local.get $sum3))))
    (f64.add (local.get $tail)
      (f64.add (f64x2.extract_lane 0 (local.get $sum0)) (f64x2.extract_lane 1 (local.get $sum0)))))

  ;; y ← y + factor·x over `n` floats.
  (func (export "addScaled") (param $y i32) (param $x i32) (param $n i32) (param $factor f32)
    (local $end i32) (local $vectorEnd i32) (local $factors v128)
    (local.set $end (i32.add (local.get $y) (i32.shl (local.get $n) (i32.const 2))))
    (local.set $vectorEnd (i32.add (local.get $y) (i32.shl (i32.and (local.get $n) (i32.const -4)) (i32.const 2))))
    (local.set $factors (f32x4.splat (local.get $factor)))
    (block $vectorsDone
      (loop $vectors
        (br_if $vectorsDone (i32.ge_u (local.get $y) (local.get $vectorEnd)))
        (v128.store (local.get $y)
          (f32x4.add (v128.load (local.get $y)) (f32x4.mul (local.get $factors) (v128.load (local.get $x)))))
        (local.set $y (i32.add (local.get $y) (i32.const 16)))
        (local.set $x (i32.add (local.get $x) (i32.const 16)))
        (br $vectors)))
    (block $done
      (loop $rest
        (br_if $done (i32.ge_u (local.get $y) (local.get $end)))
        (f32.store (local.get $y)
          (f32.add (f32.load (local.get $y)) (f32.mul (local.get $factor) (f32.load (local.get $x)))))
        (local.set $y (i32.add (local.get $y) (i32.const 4)))
        (local.set $x (i32.add (local.get $x) (i32.const 4)))
        (br $rest))))

  ;; y ← y + factor·(x - y) over `n` floats.
  (func (export "blend") (param $y i32) (param $x i32) (param $n i32) (param $factor f32)
    (local $end i32) (local $vectorEnd i32) (local $factors v128)
    (local.set $end (i32.add (local.get $y) (i32.shl (local.get $n) (i32.const 2))))
    (local.set $vectorEnd (i32.add (local.get $y) (i32.shl (i32.and (local.get $n) (i32.const -4)) (i32.const 2))))
    (local.set $factors (f32x4.splat (local.get $factor)))
    (block $vectorsDone
      (loop $vectors
        (br_if $vectorsDone (i32.ge_u (local.get $y) (local.get $vectorEnd)))
        (v128.store (local.get $y)
          (f32x4.add
            (v128.load (local.get $y))
            (f32x4.mul (local.get $factors) (f32x4.sub (v128.load (local.get $x)) (v128.load (local.get $y))))))
        (local.set $y (i32.add (local.get $y) (i32.const 16)))
        (local.set $x (i32.add (local.get $x) (i32.const 16)))
        (br $vectors)))
    (block $done
      (loop $rest
        (br_if $done (i32.ge_u (local.get $y) (local.get $end)))
        (f32.store (local.get $y)
          (f32.add
            (f32.load (local.get $y))
            (f32.mul (local.get $factor) (f32.sub (f32.load (local.get $x)) (f32.load (local.get $y))))))
        (local.set $y (i32.add (local.get $y) (i32.const 4)))
        (local.set $x (i32.add (local.get $x) (i32.const 4)))
        (br $rest)))))
