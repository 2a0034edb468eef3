"""Colors of series, told apart by people with any color vision (Okabe and Ito, 2008), on light and on dark ground."""

LIGHT = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F7F7F", "#5D3A9B", "#8C6D1F", "#B22222",
         "#2E8B57", "#4B4B8F")
DARK = ("#4FB3E8", "#FF8A4C", "#34D1A5", "#E5A3C8", "#FFC24A", "#8FD0F5", "#A9A9A9", "#B79BE8", "#D2B46A", "#F27D7D",
        "#6FCF97", "#9A9AE0")
