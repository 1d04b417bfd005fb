"""The works that the report may cite; only those cited are printed, in alphabetical order."""

from collections.abc import Iterable

from markupsafe import Markup

from scenessl.errors import UserError


def _work(authors: str, year: int, title: str, where: str, link: str = "") -> Markup:
    text = Markup("{} ({}). {}. <i>{}</i>.").format(authors, year, title, where)
    return text + Markup(' <a href="{0}">{0}</a>').format(link) if link else text


WORKS = {
    "caron2021": _work(
        "M. Caron, H. Touvron, I. Misra, H. Jégou, J. Mairal, P. Bojanowski and A. Joulin",
        2021,
        "Emerging properties in self-supervised vision transformers",
        "IEEE/CVF International Conference on Computer Vision, pp. 9650–9660",
        "https://arxiv.org/abs/2104.14294",
    ),
    "chattopadhay2018": _work(
        "A. Chattopadhay, A. Sarkar, P. Howlader and V. N. Balasubramanian",
        2018,
        "Grad-CAM++: Generalized gradient-based visual explanations for deep convolutional networks",
        "IEEE Winter Conference on Applications of Computer Vision, pp. 839–847",
        "https://doi.org/10.1109/WACV.2018.00097",
    ),
    "chen2020": _work(
        "T. Chen, S. Kornblith, M. Norouzi and G. Hinton",
        2020,
        "A simple framework for contrastive learning of visual representations",
        "International Conference on Machine Learning, PMLR 119, pp. 1597–1607",
        "https://arxiv.org/abs/2002.05709",
    ),
    "cohen1988": _work(
        "J. Cohen",
        1988,
        "Statistical power analysis for the behavioral sciences",
        "2nd edition, Lawrence Erlbaum Associates",
    ),
    "deng2009": _work(
        "J. Deng, W. Dong, R. Socher, L.-J. Li, K. Li and L. Fei-Fei",
        2009,
        "ImageNet: A large-scale hierarchical image database",
        "IEEE Conference on Computer Vision and Pattern Recognition, pp. 248–255",
        "https://doi.org/10.1109/CVPR.2009.5206848",
    ),
    "gidaris2018": _work(
        "S. Gidaris, P. Singh and N. Komodakis",
        2018,
        "Unsupervised representation learning by predicting image rotations",
        "International Conference on Learning Representations",
        "https://arxiv.org/abs/1803.07728",
    ),
    "guo2017": _work(
        "C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger",
        2017,
        "On calibration of modern neural networks",
        "International Conference on Machine Learning, PMLR 70, pp. 1321–1330",
        "https://arxiv.org/abs/1706.04599",
    ),
    "he2016": _work(
        "K. He, X. Zhang, S. Ren and J. Sun",
        2016,
        "Deep residual learning for image recognition",
        "IEEE Conference on Computer Vision and Pattern Recognition, pp. 770–778",
        "https://arxiv.org/abs/1512.03385",
    ),
    "he2022": _work(
        "K. He, X. Chen, S. Xie, Y. Li, P. Dollár and R. Girshick",
        2022,
        "Masked autoencoders are scalable vision learners",
        "IEEE/CVF Conference on Computer Vision and Pattern Recognition, pp. 16000–16009",
        "https://arxiv.org/abs/2111.06377",
    ),
    "holm1979": _work(
        "S. Holm",
        1979,
        "A simple sequentially rejective multiple test procedure",
        "Scandinavian Journal of Statistics, 6(2), pp. 65–70",
    ),
    "kornblith2019": _work(
        "S. Kornblith, M. Norouzi, H. Lee and G. Hinton",
        2019,
        "Similarity of neural network representations revisited",
        "International Conference on Machine Learning, PMLR 97, pp. 3519–3529",
        "https://arxiv.org/abs/1905.00414",
    ),
    "micikevicius2018": _work(
        "P. Micikevicius, S. Narang, J. Alben, G. Diamos, E. Elsen, D. Garcia, B. Ginsburg, M. Houston, O. Kuchaiev, "
        "G. Venkatesh and H. Wu",
        2018,
        "Mixed precision training",
        "International Conference on Learning Representations",
        "https://arxiv.org/abs/1710.03740",
    ),
    "nguyen2021": _work(
        "T. Nguyen, M. Raghu and S. Kornblith",
        2021,
        "Do wide and deep networks learn the same things?",
        "International Conference on Learning Representations",
        "https://arxiv.org/abs/2010.15327",
    ),
    "song2012": _work(
        "L. Song, A. Smola, A. Gretton, J. Bedo and K. Borgwardt",
        2012,
        "Feature selection via dependence maximization",
        "Journal of Machine Learning Research, 13, pp. 1393–1434",
    ),
    "krizhevsky2009": _work(
        "A. Krizhevsky",
        2009,
        "Learning multiple layers of features from tiny images",
        "Technical report, University of Toronto",
        "https://www.cs.toronto.edu/~kriz/learning-features-2009-TR.pdf",
    ),
    "krizhevsky2012": _work(
        "A. Krizhevsky, I. Sutskever and G. E. Hinton",
        2012,
        "ImageNet classification with deep convolutional neural networks",
        "Advances in Neural Information Processing Systems 25, pp. 1097–1105",
        "https://proceedings.neurips.cc/paper/2012/hash/c399862d3b9d6b76c8436e924a68c45b-Abstract.html",
    ),
    "lazebnik2006": _work(
        "S. Lazebnik, C. Schmid and J. Ponce",
        2006,
        "Beyond bags of features: Spatial pyramid matching for recognizing natural scene categories",
        "IEEE Conference on Computer Vision and Pattern Recognition, vol. 2, pp. 2169–2178",
        "https://doi.org/10.1109/CVPR.2006.68",
    ),
    "li2016": _work(
        "Z. Li and D. Hoiem",
        2016,
        "Learning without forgetting",
        "European Conference on Computer Vision, LNCS 9908, pp. 614–629",
        "https://arxiv.org/abs/1606.09282",
    ),
    "loshchilov2019": _work(
        "I. Loshchilov and F. Hutter",
        2019,
        "Decoupled weight decay regularization",
        "International Conference on Learning Representations",
        "https://arxiv.org/abs/1711.05101",
    ),
    "mcnemar1947": _work(
        "Q. McNemar",
        1947,
        "Note on the sampling error of the difference between correlated proportions or percentages",
        "Psychometrika 12(2), pp. 153–157",
        "https://doi.org/10.1007/BF02295996",
    ),
    "petsiuk2018": _work(
        "V. Petsiuk, A. Das and K. Saenko",
        2018,
        "RISE: Randomized input sampling for explanation of black-box models",
        "British Machine Vision Conference",
        "https://arxiv.org/abs/1806.07421",
    ),
    "rousseeuw1987": _work(
        "P. J. Rousseeuw",
        1987,
        "Silhouettes: A graphical aid to the interpretation and validation of cluster analysis",
        "Journal of Computational and Applied Mathematics 20, pp. 53–65",
        "https://doi.org/10.1016/0377-0427(87)90125-7",
    ),
    "tan2019": _work(
        "M. Tan and Q. V. Le",
        2019,
        "EfficientNet: Rethinking model scaling for convolutional neural networks",
        "International Conference on Machine Learning, PMLR 97, pp. 6105–6114",
        "https://arxiv.org/abs/1905.11946",
    ),
    "vandermaaten2008": _work(
        "L. van der Maaten and G. Hinton",
        2008,
        "Visualizing data using t-SNE",
        "Journal of Machine Learning Research 9, pp. 2579–2605",
        "https://www.jmlr.org/papers/v9/vandermaaten08a.html",
    ),
    "wang2020": _work(
        "H. Wang, Z. Wang, M. Du, F. Yang, Z. Zhang, S. Ding, P. Mardziel and X. Hu",
        2020,
        "Score-CAM: Score-weighted visual explanations for convolutional neural networks",
        "IEEE/CVF Conference on Computer Vision and Pattern Recognition Workshops, pp. 111–119",
        "https://doi.org/10.1109/CVPRW50498.2020.00020",
    ),
    "wilson1927": _work(
        "E. B. Wilson",
        1927,
        "Probable inference, the law of succession, and statistical inference",
        "Journal of the American Statistical Association 22(158), pp. 209–212",
        "https://doi.org/10.1080/01621459.1927.10502953",
    ),
    "wu2018": _work(
        "Z. Wu, Y. Xiong, S. X. Yu and D. Lin",
        2018,
        "Unsupervised feature learning via non-parametric instance discrimination",
        "IEEE/CVF Conference on Computer Vision and Pattern Recognition, pp. 3733–3742",
        "https://arxiv.org/abs/1805.01978",
    ),
    "yosinski2015": _work(
        "J. Yosinski, J. Clune, A. Nguyen, T. Fuchs and H. Lipson",
        2015,
        "Understanding neural networks through deep visualization",
        "Deep Learning Workshop, International Conference on Machine Learning",
        "https://arxiv.org/abs/1506.06579",
    ),
    "zhou2016": _work(
        "B. Zhou, A. Khosla, A. Lapedriza, A. Oliva and A. Torralba",
        2016,
        "Learning deep features for discriminative localization",
        "IEEE Conference on Computer Vision and Pattern Recognition, pp. 2921–2929",
        "https://arxiv.org/abs/1512.04150",
    ),
}


def numbered(keys: Iterable[str]) -> dict[str, int]:
    """Number the cited works from 1, alphabetically; UserError for a work that is not listed."""
    unknown = sorted(set(keys) - WORKS.keys())
    if unknown:
        raise UserError(f"templates: cite({unknown[0]!r}): scenessl/report/bibliography.py has no such work.")
    return {key: number for number, key in enumerate(sorted(set(keys)), 1)}
