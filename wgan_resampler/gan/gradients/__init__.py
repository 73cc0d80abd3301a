"""Gradients of the losses written out by hand for the networks of this package.

The critic is piecewise linear, so its gradient with respect to a row is a plain product of weights and LeakyReLU
slopes, and the gradient penalty needs no second pass of automatic differentiation. For networks of the size that tables
need, the bookkeeping of autograd takes several times as long as the arithmetic. The closed form makes training fast.
`losses` has the same formulas in readable form, and the tests compare the two. Any other loss is trained by autograd;
see `losses`.

Notation, for a critic with hidden layers i = 0 .. L-1 and one row:

    a_i = W_i h_i + b_i,   h_{i+1} = lrelu(a_i),   score = w h_L + b          (h_0: features and condition)
    c_{L-1} = D_{L-1} w,   c_{i-1} = D_{i-1} W_i^T c_i                       (D_i: slopes of lrelu at a_i)

so that c_i is the gradient of the score with respect to a_i, and W_0^T c_0 the one with respect to the input. Since the
slopes are constant almost everywhere, the penalty P = mean (|g| - 1)^2 with g = W_0^T c_0 is differentiated by running
forward through the same chain with e_0 = dP/dg:

    e_{i+1} = D_i W_i e_i,   dP/dW_i = c_i e_i^T,   dP/dw = e_L.

All three kinds of rows (real, fake, mixed) are stacked, so each weight's gradient is one matrix product.

The other operations are small, so that calling them costs as much as their arithmetic. Four habits save calls:

- buffers and views are made once;
- D_i is read from h_{i+1}, which has the sign of a_i;
- sums over rows are products with a row of ones, which torch computes faster than sums;
- what only the history needs is summed up later.
"""
