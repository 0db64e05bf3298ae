//! Messages as the package writes them, but for their keys.

/// A message that has everything but a key: wrapped for these root keys, with so many bytes in frames of 1000.
pub(crate) fn sealed(roots: &[&str], length: usize) -> Vec<u8> {
    let field = |bytes: &[u8]| [&(bytes.len() as u16).to_be_bytes(), bytes].concat();
    let mut message = vec![2, 0x04, 0x78];
    message.extend([7; 32]);
    message.extend([0, 0]);
    message.extend((roots.len() as u16).to_be_bytes());
    for root in roots {
        message.extend([field(b"envelock-key-protect-v1"), field(root.as_bytes()), field(b"d3JhcHBlZA==")].concat());
    }
    message.push(2);
    message.extend(1000_u32.to_be_bytes());
    message.extend([9; 32 + 16]);
    let (whole, rest) = (length / 1000, length % 1000);
    for number in 1..=whole as u32 {
        message.extend(number.to_be_bytes());
        message.extend((0..12 + 1000 + 16).map(|at| (at as u32 * 7 + number) as u8));
    }
    message.extend([0xff; 4]);
    message.extend((whole as u32 + 1).to_be_bytes());
    message.extend([3; 12]);
    message.extend((rest as u32).to_be_bytes());
    message.extend((0..rest + 16).map(|at| (at * 11) as u8));
    message
}
