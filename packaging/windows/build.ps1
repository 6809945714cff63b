# Build the Windows installer: powershell -File packaging\windows\build.ps1 [-Out dist] [-Work build]
# Needs Python 3.11 and Inno Setup 6. On Windows the package index has torch built for the CPU.
# Not run on the machine this was written on: see packaging/README.md.
param([string]$Out = "dist", [string]$Work = "build")
$ErrorActionPreference = "Stop"
Set-StrictMode -Version Latest

function Invoke-Checked { & $args[0] $args[1..($args.Count - 1)]; if ($LASTEXITCODE) { throw "$($args -join ' ') failed" } }

$root = Resolve-Path "$PSScriptRoot\..\.."
$version = (Select-String -Path "$root\viewer\__init__.py" -Pattern '^__version__ = "(.*)"').Matches[0].Groups[1].Value
New-Item -ItemType Directory -Force $Out, $Work | Out-Null
$Out = Resolve-Path $Out
$Work = Resolve-Path $Work
$env:SOURCE_DATE_EPOCH = git -C $root log -1 --format=%ct
$env:PYTHONHASHSEED = "1"

$venv = "$Work\venv"
Invoke-Checked py -3.11 -m venv $venv
$python = "$venv\Scripts\python.exe"
# The pins of what Linux alone has are left out, and colorama comes in.
Get-Content "$root\packaging\constraints.txt", "$root\packaging\build-constraints.txt" |
    Where-Object { $_ -notmatch '^(nvidia-|cuda-|triton)' } | Set-Content "$Work\pins.txt"
Invoke-Checked $python -m pip install -q -c "$Work\pins.txt" --upgrade pip
Invoke-Checked $python -m pip install -q -c "$Work\pins.txt" "$root[methods]" pyinstaller
Invoke-Checked $python -m pip uninstall -q -y glassbox-viewer  # frozen from the checkout, not from the package

$env:GLASSBOX_FLAVOUR = "cpu"
$env:GLASSBOX_METHODS = "all"
& $python -c "import torchvision" 2>$null
$env:GLASSBOX_OPERATORS = if ($LASTEXITCODE) { "missing" } else { "compiled" }
Invoke-Checked $python "$root\packaging\desktop\icon_files.py" "$root\packaging\desktop\glassbox.svg" $Work
Invoke-Checked $python -m PyInstaller --noconfirm --log-level WARN --distpath "$Work\tree" --workpath "$Work\pyinstaller" "$root\packaging\glassbox.spec"
$tree = "$Work\tree\glassbox-cpu"
Copy-Item "$Work\glassbox.ico" $tree
Invoke-Checked $python "$root\packaging\frozen\finish.py" $tree --not-in $root $Work
Invoke-Checked $python "$root\packaging\smoke_test.py" --folder $tree --no-window
Invoke-Checked iscc "/DVersion=$version" "/DTree=$tree" "/DOut=$Out" "$root\packaging\windows\glassbox.iss"
$setup = "$Out\glassbox-$version-windows-x86_64.exe"
"$((Get-FileHash $setup -Algorithm SHA256).Hash.ToLower())  $(Split-Path $setup -Leaf)" | Set-Content "$setup.sha256"
