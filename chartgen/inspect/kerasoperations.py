"""The functions of TensorFlow that a layer of Keras 2 may call by the name in the file: those that compute.

Keras 2 writes a call between layers, such as `x[:, 0]` or `tf.reduce_mean(x)`, as a layer with the function's public
name, and loading looks that name up among all that TensorFlow has, which includes what reads and writes files.
Source: `TFOpLambda` in `keras/src/layers/core/tf_op_layer.py` of Keras 2.15, and the API of TensorFlow 2.15.
"""

from __future__ import annotations

from typing import Any

# All in these takes numbers and texts, and gives such.
_NAMESPACES = frozenset(
    {"__operators__", "bitwise", "image", "linalg", "math", "nn", "random", "sets", "signal", "strings"}
)
_OLD = "compat.v1."
_BARE = frozenset(
    """abs acos acosh add add_n argmax argmin argsort asin asinh atan atan2 atanh batch_gather batch_to_space
    bitcast boolean_mask broadcast_dynamic_shape broadcast_static_shape broadcast_to cast ceil
    clip_by_global_norm clip_by_norm clip_by_value complex concat constant convert_to_tensor cos cosh cross
    cumprod cumsum depth_to_space diag diag_part digamma div div_no_nan divide dynamic_partition dynamic_stitch
    edit_distance eig eigvals einsum ensure_shape equal erf erfc exp expand_dims expm1 extract_image_patches
    extract_volume_patches eye fill floor floor_div floordiv floormod gather gather_nd greater greater_equal
    histogram_fixed_width histogram_fixed_width_bins identity identity_n is_finite is_inf is_nan less less_equal
    lgamma linspace log log1p log_sigmoid logical_and logical_not logical_or logical_xor matmul matrix_band_part
    matrix_diag matrix_diag_part matrix_square_root maximum meshgrid minimum mod multinomial multiply negative
    norm not_equal one_hot ones ones_like pad parallel_stack pow random_crop random_gamma random_normal
    random_shuffle random_uniform range rank realdiv reciprocal reduce_all reduce_any reduce_logsumexp
    reduce_max reduce_mean reduce_min reduce_prod reduce_sum repeat reshape reverse reverse_sequence reverse_v2
    rint roll round rsqrt saturate_cast scalar_mul scatter_nd searchsorted segment_max segment_mean segment_min
    segment_prod segment_sum sequence_mask shape shape_n sigmoid sign sin sinh size slice sort space_to_batch
    space_to_batch_nd space_to_depth split sqrt square squared_difference squeeze stack stop_gradient
    strided_slice subtract tan tanh tensor_scatter_nd_add tensor_scatter_nd_max tensor_scatter_nd_min
    tensor_scatter_nd_sub tensor_scatter_nd_update tensordot tile to_double to_float to_int32 to_int64 transpose
    truediv truncated_normal truncatediv truncatemod unique unique_with_counts unravel_index unstack where
    where_v2 zeros zeros_like""".split()  # noqa: SIM905 - a list of names
)


def computes(name: Any) -> bool:
    """Whether it is the public name of a function of TensorFlow that computes, and does nothing else."""
    if not isinstance(name, str):
        return False
    name = name.removeprefix(_OLD)
    namespace, _, rest = name.partition(".")
    return namespace in _NAMESPACES if rest else name in _BARE
